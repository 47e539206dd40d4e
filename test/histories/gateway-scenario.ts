import type { Decision } from '#contracts/decision.js';
import type { RecordedFact } from '#contracts/facts.js';
import { SYSTEM_STREAM } from '#contracts/names.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { systemFold } from '#topology/system-fold.js';
import { decideElectActive } from '../../apps/gateway-manager/src/election/elect-active.decider.js';
import { newHealth, probed } from '../../apps/gateway-manager/src/election/member-health.js';
import { decideCreateEnrolmentKey } from '../../apps/registry/src/enrolment-keys/enrolment-key.decider.js';
import { decideCreateNetwork } from '../../apps/registry/src/networks/create-network.decider.js';
import { decideChangeCluster, decideChangeGateway, decideCreateClient, decideCreateGateway, decideDeclareCluster, decideDrainGateway, decideEnrolNode, decideLinkClusters, decidePublishService, decideRemoveCluster, decideRemoveGateway, decideRemoveNode, decideRevokeClient, decideSetClusterMember, decideUnlinkClusters, decideUnsetClusterMember, decideWithdrawService } from '../support/deciders.js';
import { clientId, clusterId, gatewayId, linkId, publicationId } from '../support/gateway-facts.js';
import { controlKey, keyId, natsKey, networkId, nodeId, SECRET_HASH, wireguardKey } from '../support/network-facts.js';
import { Recording } from './recording.js';

const SITES = networkId(3);

/** Stream → name of its file. */
export const GATEWAY_NAMES: Record<string, string> = { [SITES]: 'gateways' };

/** A life of a network of clusters and gateways in which every fact of theirs happens at least once. */
export function recordGatewayHistories(): Map<string, RecordedFact[]> {
  const log = new Recording();
  const sites = (decide: (state: NetworkState) => Decision) =>
    log.keep(SITES, decide(log.state(SITES, networkFold)));
  const cluster = (n: number) => ({ ...log.meta(), clusterId: clusterId(n) });
  const gateway = (n: number, actor?: string) => ({ ...log.meta(actor), gatewayId: gatewayId(n) });
  const client = (n: number) => ({ ...log.meta(), clientId: clientId(n) });
  const publication = (n: number) => ({ ...log.meta(), publicationId: publicationId(n) });
  const k3s = { pods: ['10.42.0.0/16', 'fd00:42::/56'], services: ['10.43.0.0/16'] };
  const good = probed(newHealth(0), { ok: true, detail: '' }, { at: 0, handshakeAge: 1 });
  const elect = (n: number, failing: number, now = 60_000) => ({
    ...gateway(n, 'service/gateway-manager'),
    now,
    returnAfterMs: 30_000,
    activatedAt: null,
    health: new Map(
      [1, 2, 3].map((member) => [
        nodeId(member),
        { ...good, heardAt: now, ...(member === failing && { failures: 2, goodSince: null }) },
      ]),
    ),
  });

  log.keep(
    SYSTEM_STREAM,
    decideCreateNetwork(
      { ...log.meta(), networkId: SITES, name: 'sites', model: 'archipelago', randomBytes: Uint8Array.of(5, 4, 3, 2, 1) },
      log.state(SYSTEM_STREAM, systemFold),
    ),
  );
  sites((state) => decideCreateEnrolmentKey({ ...log.meta(), keyId: keyId(1), secretHash: SECRET_HASH }, state));
  for (const n of [1, 2, 3, 4, 5])
    sites((state) =>
      decideEnrolNode(
        {
          ...log.meta(`key/${keyId(1)}`),
          nodeId: nodeId(n),
          keyId: keyId(1),
          secretHash: SECRET_HASH,
          name: `node-${n}`,
          publicKey: wireguardKey(n),
          controlKey: controlKey(n),
          natsKey: natsKey(n),
        },
        state,
      ),
    );

  for (const n of [1, 2]) sites((state) => decideDeclareCluster({ ...cluster(n), name: `cluster-${n}`, ...k3s }, state));
  sites((state) => decideDeclareCluster({ ...cluster(3), name: 'old', pods: ['10.50.0.0/16'], model: 'flat' }, state));
  sites((state) => decideSetClusterMember({ ...cluster(1), nodeId: nodeId(1), pods: ['10.42.1.0/24'] }, state));
  sites((state) => decideSetClusterMember({ ...cluster(2), nodeId: nodeId(4) }, state));
  sites((state) => decideUnsetClusterMember({ ...cluster(2), nodeId: nodeId(4) }, state));
  const doors = { kind: 'cluster', masquerade: true } as const;
  sites((state) =>
    decideCreateGateway(
      { ...gateway(1), ...doors, name: 'door-1', clusterId: clusterId(1), members: [nodeId(1), nodeId(2)] },
      state,
    ),
  );
  sites((state) => decideLinkClusters({ ...log.meta(), linkId: linkId(1), a: clusterId(2), b: clusterId(1) }, state));
  sites((state) =>
    decidePublishService(
      { ...publication(1), clusterId: clusterId(1), service: { address: '10.43.0.10', port: 443 }, mesh: { port: 443 } },
      state,
    ),
  );
  sites((state) =>
    decideCreateGateway(
      {
        ...gateway(2),
        name: 'office',
        kind: 'egress',
        ranges: ['192.168.7.0/24', 'fd00:7::/64'],
        members: [nodeId(2), nodeId(3)],
        probe: { address: '192.168.7.1', port: 22 },
      },
      state,
    ),
  );
  sites((state) => decideElectActive(elect(2, 2), state));
  sites((state) => decideElectActive(elect(2, 1), state));
  sites((state) => decideDrainGateway({ ...gateway(2), nodeId: nodeId(2) }, state));
  sites((state) => decideElectActive(elect(2, 0), state));
  sites((state) => decideChangeGateway({ ...gateway(2), masquerade: false, probe: null }, state));
  sites((state) => decideCreateGateway({ ...gateway(3), name: 'phones', kind: 'ingress', members: [nodeId(3)] }, state));
  for (const n of [1, 2])
    sites((state) =>
      decideCreateClient(
        { ...client(n), name: `phone-${n}`, publicKey: wireguardKey(500 + n), gatewayId: gatewayId(3) },
        state,
      ),
    );
  const users = { nodes: [nodeId(5)], clients: [clientId(1)] };
  sites((state) =>
    decideCreateGateway({ ...gateway(4), name: 'out', kind: 'internet', members: [nodeId(4)], users }, state),
  );

  sites((state) => decideRevokeClient(client(1), state));
  sites((state) => decideWithdrawService(publication(1), state));
  sites((state) => decideRemoveNode({ ...log.meta(), nodeId: nodeId(3), reason: 'operator' }, state));
  for (const n of [2, 3]) sites((state) => decideElectActive(elect(n, 0), state));
  sites((state) => decideRemoveGateway({ ...gateway(3), force: true }, state));
  sites((state) => decideUnlinkClusters({ ...log.meta(), linkId: linkId(1) }, state));
  sites((state) => decideChangeCluster({ ...cluster(2), name: 'west', pods: ['10.44.0.0/16'] }, state));
  sites((state) => decideRemoveCluster(cluster(3), state));
  return new Map([[SITES, log.streams.get(SITES)!]]);
}
