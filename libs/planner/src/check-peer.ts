import type { NetworkInfo, NetworkState, NodeState } from '#topology/network-state.js';
import { readAddress } from '#ipam/address.js';
import { parseEndpoint } from '#ipam/endpoint-text.js';
import { contains, formatPrefix, hostPrefix } from '#ipam/prefix.js';
import type { PeerResource } from '#contracts/node-stream.js';
import { type Carried, carriedBy } from './carried.js';
import { mayLeadThrough } from './extended-peer.js';
import { isLive, type LiveState, membersOf } from './members.js';
import { meshRangesOf } from './mesh-ranges.js';
import { type NodeProfile, profileOf } from './node-profile.js';
import { permitted } from './permitted.js';
import { calledAt, isUsableRelay } from './paths/reach.js';
import { label, labelOf, type Violation, type ViolationCode } from './violation.js';

/** The node that a peer resource stands for. */
export const peerId = ({ name }: PeerResource): string => name.slice('peer/'.length);

/** Why two nodes may not be peers, undefined when they may. */
export function pairViolation(state: NetworkState, holder: NodeState, other: NodeState): Violation | undefined {
  const because = (code: ViolationCode, reason: string): Violation => ({
    code,
    nodeId: holder.nodeId,
    message: `${label(holder)} has peer ${label(other)}, but ${reason}`,
  });
  if (holder.nodeId === other.nodeId) return because('self_peer', 'that is itself');
  if (!holder.enabled) return because('disabled_node', `${holder.name} is disabled`);
  if (!other.enabled) return because('disabled_node', `${other.name} is disabled`);
  if (!permitted(state, holder, other)) return because('forbidden_peer', 'policy does not permit it');
  return undefined;
}

/** Bodies are shared by everybody who sees a node alike: each sound one is looked at once. */
const sound = new WeakMap<PeerResource, { profile: NodeProfile; carried: Carried }>();

/** What is wrong with a peer's body, whoever holds it: key, prefixes and endpoint against the node it stands for. */
export function bodyViolations(
  state: LiveState,
  holder: NodeState,
  { peer, other }: { peer: PeerResource; other: NodeState },
): Violation[] {
  const relay = relayViolation(state, holder, { peer, other }) ?? relayedLoop(state, holder, { peer, other });
  if (relay) return [relay];
  const profile = profileOf(state, other);
  const carried = carriedBy(state);
  const known = sound.get(peer);
  if (known?.profile === profile && known.carried === carried) return [];

  const found: Violation[] = [];
  const report = (code: ViolationCode, what: string) =>
    found.push({ code, nodeId: holder.nodeId, message: `${label(holder)} has peer ${label(other)} with ${what}` });
  if (peer.publicKey !== other.publicKey) report('wrong_key', `a key that is not that of ${label(other)}`);
  if (peer.nextKey !== undefined && peer.nextKey !== offeredKey(other))
    report('wrong_key', `a coming key that ${label(other)} has not offered`);
  const theirs = other.addresses.map(hostPrefix);
  for (const prefix of peer.allowedIps)
    if (!theirs.includes(prefix) && !carried.get(other.nodeId)?.has(prefix))
      report('foreign_prefix', `${prefix}, which belongs to ${ownerOf(state, prefix)}`);
  const looped = peer.allowedIps.find(
    (prefix) => !theirs.includes(prefix) && !mayLeadThrough(peer.endpoint === null ? [] : [peer.endpoint], prefix),
  );
  if (looped) report('endpoint_in_range', `endpoint ${peer.endpoint}, which lies inside ${looped}, its own prefix`);
  const range = meshRangeAround(state.network, peer.endpoint);
  if (range)
    report('endpoint_in_mesh', `endpoint ${peer.endpoint}, which lies inside ${range} of ${state.network.name}`);

  if (found.length === 0) sound.set(peer, { profile, carried });
  return found;
}

/** Whether a relay serves is no property of the body: it is looked at each time. */
function relayViolation(
  state: LiveState,
  holder: NodeState,
  { peer: { via }, other }: { peer: PeerResource; other: NodeState },
): Violation | undefined {
  if (via === undefined || (isUsableRelay(state, via) && via !== other.nodeId && via !== holder.nodeId))
    return undefined;
  const message = `${label(holder)} has peer ${label(other)} through ${labelOf(state, via)}, which cannot relay`;
  return { code: 'wrong_relay', nodeId: holder.nodeId, message };
}

/** Nor is where the relay is called. */
function relayedLoop(
  state: LiveState,
  holder: NodeState,
  { peer: { via, allowedIps }, other }: { peer: PeerResource; other: NodeState },
): Violation | undefined {
  const relay = state.nodes.get(via ?? '');
  const endpoints = relay ? calledAt(state, relay) : [];
  const looped = allowedIps.find((prefix) => !mayLeadThrough(endpoints, prefix));
  if (!relay || looped === undefined) return undefined;
  const message = `${label(holder)} has peer ${label(other)} with ${looped}, in which ${label(relay)} is called that it is reached through`;
  return { code: 'endpoint_in_range', nodeId: holder.nodeId, message };
}

const offeredKey = ({ keyRotation }: NodeState) =>
  keyRotation?.step === 'offered' ? keyRotation.publicKey : undefined;

export function ownerOf(state: NetworkState, prefix: string): string {
  const owner = membersOf(state).find(({ addresses }) => addresses.map(hostPrefix).includes(prefix));
  if (owner) return label(owner);
  const carrier = membersOf(state).find(({ nodeId }) => isLive(state) && carriedBy(state).get(nodeId)?.has(prefix));
  return carrier ? label(carrier) : 'nobody';
}

function meshRangeAround(network: NetworkInfo, endpoint: string | null): string | undefined {
  const address = endpoint === null ? undefined : readAddress(parseEndpoint(endpoint).address);
  const range = address && meshRangesOf(network).find((each) => contains(each, address));
  return range && formatPrefix(range);
}
