import type { DesiredPeer } from './desired-device.js';
import type { ObservedPeer } from './observed-device.js';
import type { Operation, PeerSet } from './operation.js';

type Desired = ReadonlyMap<string, DesiredPeer>;
type Observed = ReadonlyMap<string, ObservedPeer>;

/**
 * Peer by peer only what differs. Giving a list of allowed IPs replaces the old one, with a moment in which that peer's
 * packets are refused: so a peer that only loses prefixes gets no new list. A prefix that moves is named under its new
 * owner, which takes it from the old one in one step; one that nobody takes is dropped by itself.
 */
export function diffPeers(
  desired: Desired,
  observedPeers: readonly ObservedPeer[],
  quiet: ReadonlySet<string>,
): Operation[] {
  const observed: Observed = new Map(observedPeers.map((peer) => [peer.publicKey, peer]));
  const sets = [...desired.values()].flatMap((peer) => {
    const held = observed.get(peer.publicKey);
    const set = held ? changePeer(peer, held, quiet.has(peer.publicKey)) : createPeer(peer);
    return set ? [set] : [];
  });
  const taken = new Set(sets.flatMap((set) => set.allowedIps ?? []));
  return [
    ...takersFirst(sets, observed, taken),
    ...dropPrefixes(desired, observed, sets, taken),
    ...observedPeers
      .filter((peer) => !desired.has(peer.publicKey))
      .map((peer): Operation => ({ kind: 'peer-remove', publicKey: peer.publicKey, reason: unknownPeer(peer) })),
  ];
}

type PeerSetOperation = PeerSet & { reason: string };

function createPeer(peer: DesiredPeer): PeerSetOperation {
  return {
    kind: 'peer-set',
    publicKey: peer.publicKey,
    allowedIps: peer.allowedIps,
    ...(peer.endpoint !== null && { endpoint: peer.endpoint }),
    ...(peer.keepalive !== 0 && { keepalive: peer.keepalive }),
    reason: `peer ${peer.node} is missing`,
  };
}

function changePeer(peer: DesiredPeer, held: ObservedPeer, isQuiet: boolean): PeerSetOperation | undefined {
  const set: PeerSet = { kind: 'peer-set', publicKey: peer.publicKey };
  const reasons: string[] = [];
  const gained = without(peer.allowedIps, held.allowedIps);
  if (gained.length > 0) {
    set.allowedIps = peer.allowedIps;
    reasons.push(`lacks ${shortList(gained)}`);
  }
  // A live session knows better than the control plane where its peer is.
  if (peer.endpoint !== null && held.endpoint !== peer.endpoint && (held.endpoint === null || isQuiet)) {
    set.endpoint = peer.endpoint;
    reasons.push(held.endpoint === null ? 'has no endpoint' : `is silent at ${held.endpoint}`);
  }
  if (held.keepalive !== peer.keepalive) {
    set.keepalive = peer.keepalive;
    reasons.push(`has keepalive ${held.keepalive || 'off'} instead of ${peer.keepalive || 'off'}`);
  }
  if (held.hasPresharedKey) {
    set.clearPresharedKey = true;
    reasons.push('has a preshared key');
  }
  return reasons.length > 0 ? { ...set, reason: `peer ${peer.node} ${reasons.join(', ')}` } : undefined;
}

/** Who is about to lose a prefix by getting a new list comes after the one who takes it. */
function takersFirst(sets: PeerSetOperation[], observed: Observed, taken: ReadonlySet<string>): Operation[] {
  const isLoser = ({ publicKey, allowedIps = [] }: PeerSet) =>
    without(observed.get(publicKey)?.allowedIps ?? [], allowedIps).some((prefix) => taken.has(prefix));
  return [...sets.filter((set) => !isLoser(set)), ...sets.filter(isLoser)];
}

function dropPrefixes(
  desired: Desired,
  observed: Observed,
  sets: readonly PeerSet[],
  taken: ReadonlySet<string>,
): Operation[] {
  const rewritten = new Set(sets.filter((set) => set.allowedIps).map((set) => set.publicKey));
  return [...desired.values()].flatMap((peer): Operation[] => {
    if (rewritten.has(peer.publicKey)) return [];
    const held = observed.get(peer.publicKey)?.allowedIps ?? [];
    const prefixes = without(held, peer.allowedIps).filter((prefix) => !taken.has(prefix));
    if (prefixes.length === 0) return [];
    return [{ kind: 'prefix-drop', prefixes, reason: `peer ${peer.node} no longer has ${shortList(prefixes)}` }];
  });
}

function unknownPeer(peer: ObservedPeer): string {
  return `a peer with ${peer.allowedIps.length > 0 ? shortList(peer.allowedIps) : 'no allowed IPs'} is not in the set`;
}

function without(prefixes: readonly string[], others: readonly string[]): string[] {
  const excluded = new Set(others);
  return prefixes.filter((prefix) => !excluded.has(prefix));
}

function shortList(prefixes: readonly string[]): string {
  const shown = prefixes.slice(0, 4).join(', ');
  return prefixes.length > 4 ? `${shown} and ${prefixes.length - 4} more` : shown;
}
