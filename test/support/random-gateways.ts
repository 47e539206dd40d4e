import fc from 'fast-check';
import type { NetworkModel } from '#contracts/facts.js';
import type { GatewayKind } from '#contracts/gateway-facts.js';
import { formatAddress } from '#ipam/address.js';
import { formatPrefix, parsePrefix } from '#ipam/prefix.js';
import type { ClusterState, NetworkState } from '#topology/network-state.js';
import {
  decideChangeCluster,
  decideChangeGateway,
  decideCreateClient,
  decideCreateGateway,
  decideDeclareCluster,
  decideLinkClusters,
  decidePublishService,
  decideRemoveCluster,
  decideRemoveGateway,
  decideRevokeClient,
  decideSetClusterMember,
  decideUnlinkClusters,
  decideUnsetClusterMember,
  decideWithdrawService,
} from './deciders.js';
import { type NetworkHistory, testKey } from './network-history.js';

/**
 * One thing that happens to clusters and gateways, through the deciders: what they refuse does not happen. Numbers pick
 * among what there is then.
 */
export type GatewayStep =
  | { do: 'declare'; pods: string[]; services: string[]; model: NetworkModel }
  | { do: 'remodel'; cluster: number; model: NetworkModel }
  | { do: 'member'; cluster: number; who: number; pods: 'none' | 'all' | number }
  | { do: 'unmember' | 'remove cluster'; cluster: number; who: number }
  | { do: 'create'; kind: GatewayKind; ranges: string[]; masquerade: boolean; cluster: number; who: number[] }
  | { do: 'reshape'; gateway: number; ranges: string[]; who: number[] }
  | { do: 'use'; gateway: number; who: number[]; clients: number[] }
  | { do: 'activate'; gateway: number; who: number | null }
  | { do: 'remove gateway'; gateway: number }
  | { do: 'link'; a: number; b: number }
  | { do: 'unlink'; link: number }
  | { do: 'admit'; gateway: number; allowed: string[] | undefined }
  | { do: 'revoke'; client: number }
  | { do: 'publish'; cluster: number; port: number; lend: boolean }
  | { do: 'withdraw'; publication: number };

const some = fc.nat({ max: 5 });
const nodes = fc.array(fc.nat({ max: 7 }), { minLength: 1, maxLength: 3 });
const model = fc.constantFrom<NetworkModel[]>('flat', 'isolated', 'island', 'archipelago', 'archipelago');
const ranges = fc.constantFrom<string[][]>(
  ['192.168.1.0/24'],
  ['192.168.0.0/16'],
  ['10.0.0.0/8'],
  ['fd77::/48'],
  ['172.16.0.0/12', 'fd77:1::/64'],
);

const declare = fc.record({
  do: fc.constant('declare' as const),
  pods: fc.constantFrom<string[][]>(['10.42.0.0/16'], ['10.44.0.0/16'], ['10.42.0.0/16', 'fd42::/56'], []),
  services: fc.constantFrom<string[][]>(['10.43.0.0/16'], ['10.45.0.0/20'], []),
  model,
});
const member = fc.record({
  do: fc.constant('member' as const),
  cluster: some,
  who: some,
  pods: fc.constantFrom<(number | 'none' | 'all')[]>('none', 'all', 0, 1, 2, 3),
});
const create = fc.record({
  do: fc.constant('create' as const),
  kind: fc.constantFrom<GatewayKind[]>('egress', 'ingress', 'internet', 'cluster', 'cluster', 'cluster'),
  ranges,
  masquerade: fc.boolean(),
  cluster: some,
  who: nodes,
});
const link = fc.record({ do: fc.constant('link' as const), a: some, b: some });
const admit = fc.record({
  do: fc.constant('admit' as const),
  gateway: some,
  allowed: fc.constantFrom<(string[] | undefined)[]>(
    undefined,
    ['10.90.0.0/30'],
    ['0.0.0.0/0', '::/0'],
    ['10.90.0.0/16', '192.168.1.0/24'],
  ),
});
const use = fc.record({
  do: fc.constant('use' as const),
  gateway: some,
  who: fc.array(some, { maxLength: 3 }),
  clients: fc.array(some, { maxLength: 2 }),
});
const publish = fc.record({
  do: fc.constant('publish' as const),
  cluster: some,
  port: fc.constantFrom(80, 443),
  lend: fc.boolean(),
});

const gatewayStep: fc.Arbitrary<GatewayStep> = fc.oneof(
  declare,
  { weight: 3, arbitrary: member },
  { weight: 3, arbitrary: create },
  { weight: 3, arbitrary: link },
  { weight: 2, arbitrary: admit },
  { weight: 2, arbitrary: use },
  { weight: 2, arbitrary: publish },
  fc.record({ do: fc.constant('remodel' as const), cluster: some, model }),
  fc.record({ do: fc.constantFrom('unmember' as const, 'remove cluster' as const), cluster: some, who: some }),
  fc.record({ do: fc.constant('reshape' as const), gateway: some, ranges, who: nodes }),
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('activate' as const),
      gateway: some,
      who: fc.option(some, { freq: 4, nil: null }),
    }),
  },
  fc.record({ do: fc.constant('remove gateway' as const), gateway: some }),
  fc.record({ do: fc.constant('unlink' as const), link: some }),
  fc.record({ do: fc.constant('revoke' as const), client: some }),
  fc.record({ do: fc.constant('withdraw' as const), publication: some }),
);

/** What happens first, so that there is something to change: some clusters, gateways, members, links and clients. */
const beginning: fc.Arbitrary<GatewayStep[]> = fc
  .tuple(
    fc.array(declare, { maxLength: 3, size: 'max' }),
    fc.array(create, { minLength: 1, maxLength: 6, size: 'max' }),
    fc.array(member, { maxLength: 4 }),
    fc.array(link, { maxLength: 3, size: 'max' }),
    fc.array(fc.oneof(admit, use, publish), { maxLength: 4 }),
  )
  .map((parts) => parts.flat());

/** Steps of a life with gateways, others between them. */
export function gatewaySteps<Other>(others: fc.Arbitrary<Other>, maxLength: number) {
  const later = fc.array(
    fc.oneof(
      { weight: 2, arbitrary: others.map((other) => ({ other })) },
      { weight: 3, arbitrary: gatewayStep.map((step) => ({ step })) },
    ),
    { maxLength, size: 'max' },
  );
  return fc.tuple(beginning, later).map(([first, rest]) => [...first.map((step) => ({ step })), ...rest]);
}

/** The deciders find by themselves what does not fit; only what there is to pick from is looked up here. */
export function takeGateway(history: NetworkHistory, step: GatewayStep): void {
  const { state } = history;
  const node = (n: number) => pick(state.nodes, n);
  const members = (who: number[]) => [...new Set(who.map((n) => node(n)))].filter((id) => id !== '');
  switch (step.do) {
    case 'declare': {
      const clusterId = history.newId();
      const { pods, services, model } = step;
      const name = `cluster-${history.facts.length}`;
      history.decide((now, meta) => decideDeclareCluster({ clusterId, name, pods, services, model, ...meta }, now));
      return;
    }
    case 'remodel':
      history.decide((now, meta) =>
        decideChangeCluster({ clusterId: pick(now.clusters, step.cluster), model: step.model, ...meta }, now),
      );
      return;
    case 'member': {
      const clusterId = pick(state.clusters, step.cluster);
      const pods = podsOf(state.clusters.get(clusterId), step.pods);
      if (!isFree(state, node(step.who), clusterId)) return;
      history.decide((now, meta) => decideSetClusterMember({ clusterId, nodeId: node(step.who), pods, ...meta }, now));
      return;
    }
    case 'unmember':
      history.decide((now, meta) =>
        decideUnsetClusterMember({ clusterId: pick(now.clusters, step.cluster), nodeId: node(step.who), ...meta }, now),
      );
      return;
    case 'remove cluster':
      history.decide((now, meta) => decideRemoveCluster({ clusterId: pick(now.clusters, step.cluster), ...meta }, now));
      return;
    case 'create': {
      const { kind, masquerade } = step;
      const gatewayId = history.newId();
      const ofKind = {
        ...(kind === 'egress' && { ranges: step.ranges }),
        ...(kind === 'cluster' && { clusterId: pick(state.clusters, step.cluster) }),
      };
      const who =
        kind === 'cluster' ? members(step.who).filter((id) => isFree(state, id, ofKind.clusterId)) : members(step.who);
      const gateway = { gatewayId, name: `gateway-${history.facts.length}`, kind, masquerade, members: who };
      history.decide((now, meta) => decideCreateGateway({ ...gateway, ...ofKind, ...meta }, now));
      return;
    }
    case 'reshape': {
      const gateway = state.gateways.get(pick(state.gateways, step.gateway));
      const more = gateway?.kind === 'egress' ? { ranges: step.ranges } : {};
      const able = members(step.who).filter(
        (id) => gateway?.kind !== 'cluster' || isFree(state, id, gateway.clusterId),
      );
      const gatewayId = gateway?.gatewayId ?? '';
      history.decide((now, meta) => decideChangeGateway({ gatewayId, members: able, ...more, ...meta }, now));
      return;
    }
    case 'use': {
      const users = { nodes: members(step.who), clients: step.clients.map((n) => pick(state.clients, n)) };
      const usable = [...state.gateways.filter(({ kind }) => kind === 'internet').keys()].sort();
      const gatewayId = usable[step.gateway % usable.length] ?? '';
      history.decide((now, meta) => decideChangeGateway({ gatewayId, users, ...meta }, now));
      return;
    }
    case 'activate': {
      const gateway = state.gateways.get(pick(state.gateways, step.gateway));
      if (!gateway) return;
      const active = step.who === null ? null : (gateway.members[step.who % gateway.members.length] ?? null);
      const { gatewayId } = gateway;
      return history.append({ type: 'GatewayActivated', data: { gatewayId, active, reason: 'preferred' } });
    }
    case 'remove gateway':
      history.decide((now, meta) =>
        decideRemoveGateway({ gatewayId: pick(now.gateways, step.gateway), force: true, ...meta }, now),
      );
      return;
    case 'link': {
      const linkId = history.newId();
      history.decide((now, meta) =>
        decideLinkClusters({ linkId, a: pick(now.clusters, step.a), b: pick(now.clusters, step.b), ...meta }, now),
      );
      return;
    }
    case 'unlink':
      history.decide((now, meta) => decideUnlinkClusters({ linkId: pick(now.links, step.link), ...meta }, now));
      return;
    case 'admit': {
      const clients = [...state.gateways.filter(({ kind }) => kind === 'ingress').keys()].sort();
      const clientId = history.newId();
      const publicKey = testKey(0x20000000 + history.facts.length);
      const client = { clientId, name: `client-${history.facts.length}`, publicKey, allowed: step.allowed };
      const gatewayId = clients[step.gateway % clients.length] ?? '';
      history.decide((now, meta) => decideCreateClient({ ...client, gatewayId, ...meta }, now));
      return;
    }
    case 'revoke':
      history.decide((now, meta) => decideRevokeClient({ clientId: pick(now.clients, step.client), ...meta }, now));
      return;
    case 'publish': {
      const cluster = state.clusters.get(pick(state.clusters, step.cluster));
      const door = state.gateways.find(({ clusterId }) => clusterId === cluster?.clusterId);
      const address = step.lend ? state.nodes.get(door?.members[0] ?? '')?.addresses[0] : undefined;
      const service = { address: serviceIn(cluster), port: step.port };
      const ids = { publicationId: history.newId(), clusterId: cluster?.clusterId ?? '' };
      history.decide((now, meta) =>
        decidePublishService({ ...ids, service, mesh: { address, port: step.port }, ...meta }, now),
      );
      return;
    }
    case 'withdraw':
      history.decide((now, meta) =>
        decideWithdrawService({ publicationId: pick(now.publications, step.publication), ...meta }, now),
      );
      return;
    default:
      step satisfies never;
  }
}

function pick(map: NetworkState['nodes'] | { keys(): Iterable<string> }, n: number): string {
  const ids = [...map.keys()].sort();
  return ids[n % ids.length] ?? '';
}

/** Whether a node may have to do with a cluster: one node cannot tell apart the pods of two that have the same ranges. */
function isFree({ clusters, gateways }: NetworkState, nodeId: string, clusterId: string | null = null): boolean {
  const doors = gateways.filter((gateway) => gateway.clusterId !== null && gateway.clusterId !== clusterId);
  return (
    !doors.some(({ members }) => members.includes(nodeId)) &&
    !clusters.some((cluster) => cluster.clusterId !== clusterId && cluster.members.has(nodeId))
  );
}

/** The n-th /24 (or /64) of a cluster's pods, or all of them. */
function podsOf(cluster: ClusterState | undefined, which: 'none' | 'all' | number): string[] {
  if (!cluster || which === 'none') return [];
  if (which === 'all') return cluster.pods;
  return cluster.pods.map((text) => {
    const { family, base } = parsePrefix(text);
    const length = family === 4 ? 24 : 64;
    return formatPrefix({ family, base: base + (BigInt(which) << BigInt(family === 4 ? 8 : 64)), length });
  });
}

function serviceIn(cluster: ClusterState | undefined): string {
  const [range] = [...(cluster?.services ?? []), ...(cluster?.pods ?? [])];
  if (range === undefined) return '10.43.0.10';
  const { family, base } = parsePrefix(range);
  return formatAddress({ family, value: base + 10n });
}
