import type { Decision } from '#contracts/decision.js';
import type { RecordedFact } from '#contracts/facts.js';
import { SYSTEM_STREAM } from '#contracts/names.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { systemFold, type SystemState } from '#topology/system-fold.js';
import {
  decideCreateEnrolmentKey,
  decideRevokeEnrolmentKey,
} from '../../apps/registry/src/enrolment-keys/enrolment-key.decider.js';
import { decideCreateNetwork } from '../../apps/registry/src/networks/create-network.decider.js';
import { decideChangeNetwork, decideDeleteNetwork } from '../../apps/registry/src/networks/network.decider.js';
import { decideChangeNode, decideRotateNodeKey } from '../../apps/registry/src/nodes/change-node.decider.js';
import { decideEnrolNode, type EnrolNode } from '../../apps/registry/src/nodes/enrol-node.decider.js';
import {
  decideDisableNode,
  decideEnableNode,
  decideExpireNode,
  decideLeave,
  decideRemoveNode,
} from '../../apps/registry/src/nodes/node-lifecycle.decider.js';
import { decideCreateApiToken, decideRevokeApiToken } from '../../apps/registry/src/tokens/api-token.decider.js';
import {
  controlKey,
  keyId,
  natsKey,
  networkId,
  nodeId,
  SECRET_HASH,
  tokenId,
  wireguardKey,
} from '../support/network-facts.js';
import { Recording } from './recording.js';

const PROD = networkId(1);
const LAB = networkId(2);

/** Stream → name of its file. */
export const NAMES: Record<string, string> = { [PROD]: 'network', [LAB]: 'deleted-network' };

/** A life of two networks in which every fact of this release happens at least once. */
export function recordHistories(): Map<string, RecordedFact[]> {
  const log = new Recording();
  const system = (decide: (state: SystemState) => Decision) =>
    log.keep(SYSTEM_STREAM, decide(log.state(SYSTEM_STREAM, systemFold)));
  const on = (network: string) => (decide: (state: NetworkState) => Decision) =>
    log.keep(network, decide(log.state(network, networkFold)));
  const [prod, lab] = [on(PROD), on(LAB)];
  const enrol = (n: number, key: number, more: Partial<EnrolNode> = {}): EnrolNode => ({
    ...log.meta(`key/${keyId(key)}`),
    nodeId: nodeId(n),
    keyId: keyId(key),
    secretHash: SECRET_HASH,
    name: `node-${n}`,
    publicKey: wireguardKey(n),
    controlKey: controlKey(n),
    natsKey: natsKey(n),
    ...more,
  });
  const node = (n: number, actor?: string) => ({ ...log.meta(actor), nodeId: nodeId(n) });
  const key = (n: number) => ({ ...log.meta(), keyId: keyId(n), secretHash: SECRET_HASH });
  const token = (n: number, name: string) => ({ ...log.meta(), tokenId: tokenId(n), name, secretHash: `hash-${n}` });
  const randomBytes = Uint8Array.of(1, 2, 3, 4, 5);
  const lan = { address: '192.168.1.3', port: 51820, kind: 'lan' } as const;

  system((state) => decideCreateApiToken({ ...token(1, 'ops'), role: 'admin' }, state));
  system((state) => decideCreateApiToken({ ...token(2, 'ci'), role: 'operator' }, state));
  system((state) => decideCreateNetwork({ ...log.meta(), networkId: PROD, name: 'prod', randomBytes }, state));
  prod((state) =>
    decideCreateEnrolmentKey({ ...key(1), expiresAt: null, labels: { role: 'web' }, site: 'oslo' }, state),
  );
  prod((state) => decideCreateEnrolmentKey({ ...key(2), uses: 10, ephemeralTtl: 900 }, state));
  for (const n of [1, 2, 3]) prod((state) => decideEnrolNode(enrol(n, 1, { endpoints: [lan] }), state));
  for (const n of [4, 5, 6]) prod((state) => decideEnrolNode(enrol(n, 2, { labels: { burst: 'yes' } }), state));
  prod((state) => decideChangeNetwork({ ...log.meta(), mtu: 1380, defaultPolicy: 'deny' }, state));
  prod((state) => decideChangeNode({ ...node(1), name: 'web', labels: {}, site: null, endpoints: [] }, state));
  prod((state) => decideRotateNodeKey({ ...node(2, `node/${nodeId(2)}`), publicKey: wireguardKey(102) }, state));
  prod((state) => decideDisableNode(node(3), state));
  prod((state) => decideDisableNode(node(2), state));
  prod((state) => decideEnableNode(node(2), state));
  prod((state) => decideLeave(node(4, `node/${nodeId(4)}`), state));
  prod((state) =>
    decideExpireNode({ ...node(5, 'service/registry'), at: '2026-06-02T00:00:00.000Z', lastSeen: null }, state),
  );
  log.pass(25);
  prod((state) => decideRemoveNode({ ...node(3), reason: 'external' }, state));
  prod((state) => decideRevokeEnrolmentKey({ ...log.meta(), keyId: keyId(2) }, state));
  // Some addresses have rested long enough by now, others have not.
  for (const n of [7, 8]) prod((state) => decideEnrolNode(enrol(n, 1), state));

  system((state) =>
    decideCreateNetwork(
      {
        ...log.meta(),
        networkId: LAB,
        name: 'lab',
        cidr: '192.168.99.0/29',
        cidr6: 'none',
        model: 'island',
        randomBytes,
      },
      state,
    ),
  );
  lab((state) => decideCreateEnrolmentKey(key(3), state));
  for (const n of [11, 12]) lab((state) => decideEnrolNode(enrol(n, 3), state));
  lab((network) =>
    decideDeleteNetwork(
      { ...log.meta(), networkId: LAB, force: true },
      { network, system: log.state(SYSTEM_STREAM, systemFold) },
    ),
  );
  system((state) => decideRevokeApiToken({ ...log.meta(), tokenId: tokenId(2) }, state));
  log.keep(SYSTEM_STREAM, {
    facts: [
      {
        type: 'CommandRejected',
        data: { actor: 'key/unknown', command: 'EnrolNode', code: 'key_unknown', network: 'prod' },
        metadata: log.meta('service/registry'),
      },
    ],
    answer: null,
  });
  return log.streams;
}
