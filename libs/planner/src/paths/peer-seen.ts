import type { NodeState, PathState } from '#topology/network-state.js';
import { pathBetween } from '#topology/relay-fold.js';
import { sameSite, type Vantage } from '../choose-endpoint.js';
import type { LiveState } from '../members.js';
import { type KnownPeer, type NodeProfile, profileOf, type Way } from '../node-profile.js';
import { choosePath, type PairPath, pathFrom } from './choose-path.js';
import { calledAt, isCallable, isInMesh, offersPublic } from './reach.js';
import { isWithoutPaths, type Standing, standingOf } from './standing.js';

/** Where one stands who looks at others, if no pair is an exception. */
export interface Viewpoint {
  vantage: Vantage;
  standing: Standing;
}

/** `other` as it appears in the set of `viewer` (rules 2 and 3), without what else is behind it. */
export function peerSeenBy(state: LiveState, viewer: NodeState, other: NodeState): KnownPeer {
  const { vantage } = profileOf(state, viewer);
  const profile = profileOf(state, other);
  if (isWithoutPaths(state)) return byOffers(profile, vantage, other);
  const path = choosePath(state, viewer, other);
  const known = pathBetween(state, viewer.nodeId, other.nodeId);
  return over(state, { vantage, path, known }, other);
}

/** The same for whoever stands there and is no exception with anybody. */
export function peerSeenFrom(state: LiveState, { vantage, standing }: Viewpoint, other: NodeState): KnownPeer {
  if (isWithoutPaths(state)) return byOffers(profileOf(state, other), vantage, other);
  return over(state, { vantage, path: pathFrom(standing, standingOf(state, other)) }, other);
}

interface Look {
  vantage: Vantage;
  path: PairPath;
  known?: PathState | undefined;
}

function over(state: LiveState, { vantage, path, known }: Look, other: NodeState): KnownPeer {
  const profile = profileOf(state, other);
  const isTrying = known?.phase === 'trying';
  const tried = isTrying ? wayOver(state, known.over, vantage, other) : undefined;
  if (path.kind === 'relayed') {
    const via = path.relays[0] ?? '';
    const relay = state.nodes.get(via);
    const through = relay ? calledAt(state, relay) : [];
    return profile.over(tried ? { ...tried, via, through, trial: true } : { endpoint: null, via, through });
  }
  if (tried && path.kind === 'none') return profile.over(tried);
  if (known?.phase === 'proven') return profile.over(wayOver(state, known.over, vantage, other));
  if (path.kind !== 'public') return byOffers(profile, vantage, other);
  if (isPlaced(state, other) && !isCallable(state, other)) return profile.over({ endpoint: null });
  if (!isCallable(state, other) || offersPublic(state, other)) return byOffers(profile, vantage, other);
  return profile.over({ endpoint: decidedEndpoint(state, vantage, other) });
}

const byOffers = ({ inside, outside }: NodeProfile, vantage: Vantage, other: NodeState): KnownPeer =>
  (sameSite(vantage, other) ? inside : outside)[vantage.family];

/** Both ends keep a path alive that no third party knows of. */
function wayOver(state: LiveState, kind: PathState['over'], vantage: Vantage, other: NodeState): Way {
  const { inside, outside } = profileOf(state, other);
  const keepalive = state.network.keepalive || DEFAULT_KEEPALIVE;
  if (kind === 'punched') return { endpoint: decidedEndpoint(state, vantage, other), keepalive };
  const offered = (kind === 'lan' ? inside : outside)[vantage.family].peer.endpoint;
  if (kind === 'lan' || offersPublic(state, other)) return { endpoint: offered, keepalive };
  if (isCallable(state, other)) return { endpoint: decidedEndpoint(state, vantage, other), keepalive };
  return { endpoint: isPlaced(state, other) ? null : offered, keepalive };
}

/** Whoever is known to be behind NAT calls: what it offers on its LAN may be somebody else's address here. */
const isPlaced = ({ reachability, assignments }: LiveState, { nodeId }: NodeState) =>
  reachability.has(nodeId) || assignments.has(nodeId);

/** What keeps a mapping open at most NATs (RFC 4787 §4.3 asks for two minutes; many give 30 s). */
const DEFAULT_KEEPALIVE = 25;

/** Where others see a node; rule 13: never inside the mesh. */
function decidedEndpoint(state: LiveState, { family }: Vantage, { nodeId }: NodeState): string | null {
  const decided = state.reachability.get(nodeId)?.endpoints ?? [];
  const endpoints = decided.filter((endpoint) => !isInMesh(state, endpoint));
  return endpoints.find((endpoint) => endpoint.startsWith('[') === (family === 6)) ?? endpoints[0] ?? null;
}
