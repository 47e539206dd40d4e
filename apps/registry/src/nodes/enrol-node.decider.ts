import type { Decision } from '#contracts/decision.js';
import { Refusal } from '#contracts/errors.js';
import type { Endpoint, Labels, NodeRecord } from '#contracts/facts.js';
import { allocate } from '#ipam/pool.js';
import { factsOf, foldNew, type CommandMeta } from '#topology/command.js';
import { canonicalEndpoints, endpointErrors, meshRanges } from '#topology/endpoints.js';
import { nameErrors, refuseInvalid } from '#topology/fields.js';
import { labelErrors, siteErrors } from '#topology/labels.js';
import { networkOf, nodeOf } from '#topology/lookup.js';
import { networkFold } from '#topology/network-fold.js';
import type { KeyState, NetworkState } from '#topology/network-state.js';
import { natsKeyErrors, publicKeyErrors } from '#topology/public-keys.js';
import { refuseEndpointsServed } from '#topology/served-ranges.js';
import { nodeView } from '#topology/view.js';
import { refuseNameTaken, refuseKeysTaken } from './node-uniqueness.js';

export interface EnrolNode extends CommandMeta {
  /** UUIDv7 for a new node. */
  nodeId: string;
  keyId: string;
  /** SHA-256 of the secret that came with the request, hex. */
  secretHash: string;
  name: string;
  /** WireGuard public key, base64. */
  publicKey: string;
  /** X25519 public key, base64. */
  controlKey: string;
  /** Public NATS user key. */
  natsKey: string;
  endpoints?: Endpoint[];
  /** The key's labels win over the node's: the operator gave them, the machine only says so. */
  labels?: Labels;
  /** The key's site wins likewise. */
  site?: string | null;
}

/**
 * Admits a node: one use of the key, one address per family. A machine that asks again with the same key, name and
 * public keys (its answer was lost) gets its node back and uses up nothing. Answer: NodeView.
 * @throws Refusal `not_found`, `key_unknown`, `key_revoked`, `key_expired`, `key_exhausted`, `invalid`, `name_taken`,
 *   `public_key_taken`, `range_exhausted`, `endpoint_in_range`
 */
export function decideEnrolNode(command: EnrolNode, state: NetworkState): Decision {
  networkOf(state);
  const key = knownKey(command, state);
  const earlier = sameMachine(command, state);
  if (earlier) return { facts: [], answer: nodeView(earlier) };
  refuseUnusable(key, command.at);

  const labels = { ...command.labels, ...key.labels };
  const site = key.site ?? command.site ?? null;
  const { publicKey, controlKey, natsKey, endpoints } = command;
  refuseInvalid([
    ...nameErrors(command.name),
    ...publicKeyErrors('publicKey', publicKey),
    ...publicKeyErrors('controlKey', controlKey),
    ...natsKeyErrors('natsKey', natsKey),
    ...endpointErrors(endpoints, meshRanges(state)),
    ...labelErrors(labels),
    ...siteErrors(site),
  ]);
  refuseNameTaken(command.name, state);
  refuseKeysTaken({ publicKey, controlKey, natsKey }, state);

  const record: NodeRecord = {
    nodeId: command.nodeId,
    name: command.name,
    publicKey,
    controlKey,
    natsKey,
    addresses: [state.pool4, state.pool6].flatMap((pool) => (pool ? [allocate(pool, command.at)] : [])),
    endpoints: canonicalEndpoints(endpoints ?? []),
    labels,
    site,
    keyId: key.keyId,
    ephemeralTtl: key.ephemeralTtl,
  };
  const facts = factsOf(command, { type: 'NodeEnrolled', data: record });
  const after = foldNew(networkFold, state, facts);
  refuseEndpointsServed(after, record.nodeId);
  return { facts, answer: nodeView(nodeOf(after, record.nodeId)) };
}

/** A wrong secret and an unknown id look the same from outside. */
function knownKey({ keyId, secretHash }: EnrolNode, { keys }: NetworkState): KeyState {
  const key = keys.get(keyId);
  if (key?.secretHash !== secretHash)
    throw new Refusal('key_unknown', 'this enrolment key is not known here; ask the operator for a new one');
  return key;
}

function refuseUnusable({ keyId, revoked, expiresAt, uses, used }: KeyState, at: string): void {
  const refusal = (code: 'key_revoked' | 'key_expired' | 'key_exhausted', why: string) =>
    new Refusal(code, `enrolment key ${keyId} ${why}; ask the operator for a new one`);
  if (revoked) throw refusal('key_revoked', 'was revoked');
  if (expiresAt !== null && Date.parse(expiresAt) <= Date.parse(at))
    throw refusal('key_expired', `expired at ${expiresAt}`);
  if (uses !== null && used >= uses) throw refusal('key_exhausted', `has admitted all ${uses} of its nodes`);
}

function sameMachine(command: EnrolNode, state: NetworkState) {
  const node = state.nodes.get(state.nodeIdByPublicKey.get(command.publicKey) ?? '');
  const same = (['keyId', 'name', 'controlKey', 'natsKey'] as const).every((field) => node?.[field] === command[field]);
  return same ? node : undefined;
}
