import type { NetworkModel } from '#contracts/facts.js';
import type { GatewayKind } from '#contracts/gateway-facts.js';
import { decideCreateClient, decideRevokeClient } from '../../apps/gateway-manager/src/clients/client.decider.js';
import { decideChangeGateway, decideCreateGateway } from '../../apps/gateway-manager/src/gateways/gateway.decider.js';
import { decideLinkClusters } from '../../apps/gateway-manager/src/links/link.decider.js';
import { decidePublishService } from '../../apps/gateway-manager/src/publications/publication.decider.js';
import { decideSetClusterMember } from '../../apps/registry/src/clusters/cluster-member.decider.js';
import { decideDeclareCluster } from '../../apps/registry/src/clusters/cluster.decider.js';
import { type NetworkHistory, testKey } from '../support/network-history.js';

/** What a line names: ids by name, of nodes, clusters, gateways and clients. */
export interface Named {
  history: NetworkHistory;
  idOf(name: string): string;
  /** A new id under a name. */
  name(name: string): string;
}

type Words = Record<string, string[]>;

/** Commands about clusters and gateways, through the deciders; an answer of theirs that refuses is an error. */
export const gatewayCommands: Record<string, (named: Named, name: string, words: string[]) => void> = {
  cluster({ history, name: newId }, name, words) {
    const { pods = [], services = [], model = [] } = byWord(words, ['pods', 'services', 'model']);
    const cluster = { clusterId: newId(name), name, pods, services, model: model[0] as NetworkModel };
    must(history.decide((state, meta) => decideDeclareCluster({ ...cluster, ...meta }, state)));
  },
  member({ history, idOf }, name, [node = '', ...words]) {
    const { pods = [] } = byWord(words, ['pods']);
    const member = { clusterId: idOf(name), nodeId: idOf(node), pods };
    must(history.decide((state, meta) => decideSetClusterMember({ ...member, ...meta }, state)));
  },
  gateway({ history, idOf, name: newId }, name, [kind = '', ...words]) {
    const parts = byWord(words, ['on', 'ranges', 'of', 'plain', 'probe']);
    const gateway = {
      gatewayId: newId(name),
      name,
      kind: kind as GatewayKind,
      members: (parts.on ?? []).map(idOf),
      ...(parts.ranges && { ranges: parts.ranges }),
      ...(parts.of?.[0] && { clusterId: idOf(parts.of[0]) }),
      ...(parts.plain && { masquerade: false }),
      ...(parts.probe?.[0] && { probe: { address: parts.probe[0], port: null } }),
    };
    must(history.decide((state, meta) => decideCreateGateway({ ...gateway, ...meta }, state)));
  },
  use({ history, idOf }, name, words) {
    const users = {
      nodes: words.map(idOf).filter((id) => history.state.nodes.has(id)),
      clients: words.map(idOf).filter((id) => history.state.clients.has(id)),
    };
    must(history.decide((state, meta) => decideChangeGateway({ gatewayId: idOf(name), users, ...meta }, state)));
  },
  activate({ history, idOf }, name, [node = '']) {
    const active = node === 'nobody' ? null : idOf(node);
    history.append({ type: 'GatewayActivated', data: { gatewayId: idOf(name), active, reason: 'host lost' } });
  },
  link({ history, idOf, name: newId }, a, [b = '']) {
    const link = { linkId: newId(`${a}-${b}`), a: idOf(a), b: idOf(b) };
    must(history.decide((state, meta) => decideLinkClusters({ ...link, ...meta }, state)));
  },
  client({ history, idOf, name: newId }, name, words) {
    const { behind = [], to } = byWord(words, ['behind', 'to']);
    const client = { clientId: newId(name), name, publicKey: testKey(0x20000000 + history.facts.length) };
    const where = { gatewayId: idOf(behind[0] ?? ''), allowed: to };
    must(history.decide((state, meta) => decideCreateClient({ ...client, ...where, ...meta }, state)));
  },
  revoke({ history, idOf }, name) {
    must(history.decide((state, meta) => decideRevokeClient({ clientId: idOf(name), ...meta }, state)));
  },
  publish({ history, idOf, name: newId }, name, [cluster = '', address = '', port = '', , as = '']) {
    const publication = { publicationId: newId(name), clusterId: idOf(cluster) };
    const service = { address, port: Number(port) };
    must(
      history.decide((state, meta) =>
        decidePublishService({ ...publication, service, mesh: { port: Number(as) }, ...meta }, state),
      ),
    );
  },
};

function must(accepted: boolean): void {
  if (!accepted) throw new Error('the decider refuses this');
}

/** `on a b ranges x` → {on: [a, b], ranges: [x]} */
function byWord(words: readonly string[], keys: readonly string[]): Words {
  const parts: Words = {};
  let part: string[] | undefined;
  for (const word of words)
    if (keys.includes(word)) part = parts[word] = [];
    else part?.push(word);
  return parts;
}
