import type { DirectPath } from '#contracts/relay-facts.js';
import type { NodeState } from '#topology/network-state.js';
import { pathBetween } from '#topology/relay-fold.js';
import { sameSite } from '../choose-endpoint.js';
import type { LiveState } from '../members.js';
import { isCallable, isUsableRelay, offersLan } from './reach.js';

/** How packets between two nodes travel; the same from both ends. */
export type PairPath =
  | { kind: DirectPath }
  /** One or two relays, in the order from `a` to `b`. */
  | { kind: 'relayed'; relays: readonly string[] }
  /** No way is known; both are told the best endpoints there are, which may help. */
  | { kind: 'none' };

/**
 * The path between two nodes, from facts alone (docs/paths.md): a direct one if there is one, else one relay that both
 * reach, that of the node with the higher id first, else both nodes' relays.
 */
export function choosePath(state: LiveState, a: NodeState, b: NodeState): PairPath {
  const direct = directPath(state, a, b);
  if (direct) return { kind: direct };
  const relays = relaysBetween(state, a, b);
  return relays ? { kind: 'relayed', relays } : { kind: 'none' };
}

/** The way of two nodes without a relay; undefined: none that is known to work. */
export function directPath(state: LiveState, a: NodeState, b: NodeState): DirectPath | undefined {
  const known = pathBetween(state, a.nodeId, b.nodeId);
  if (known?.phase === 'proven') return known.over;
  if (known && known.over !== 'punched') return undefined;
  return assumedPath(state, a, b);
}

/** What follows from both nodes alone, whatever was tried between them. */
export function assumedPath(state: LiveState, a: NodeState, b: NodeState): 'lan' | 'public' | undefined {
  if (sameSite(a, b) && (offersLan(a) || offersLan(b))) return 'lan';
  if (isBlocked(state, a) || isBlocked(state, b)) return undefined;
  return isCallable(state, a) || isCallable(state, b) ? 'public' : undefined;
}

const isBlocked = ({ reachability }: LiveState, { nodeId }: NodeState) => reachability.get(nodeId)?.nat === 'blocked';

function relaysBetween(state: LiveState, a: NodeState, b: NodeState): string[] | undefined {
  const [low, high] = a.nodeId < b.nodeId ? [a, b] : [b, a];
  const ofLow = relayOf(state, low);
  const ofHigh = relayOf(state, high);
  if (ofHigh && directPath(state, low, ofHigh)) return [ofHigh.nodeId];
  if (ofLow && directPath(state, high, ofLow)) return [ofLow.nodeId];
  if (!ofLow || !ofHigh || !directPath(state, ofLow, ofHigh)) return undefined;
  return a === low ? [ofLow.nodeId, ofHigh.nodeId] : [ofHigh.nodeId, ofLow.nodeId];
}

/** The relay through which others reach a node. A relay has none: it never relays itself, or a relay behind it. */
function relayOf(state: LiveState, node: NodeState): NodeState | undefined {
  const relayId = state.assignments.get(node.nodeId)?.relayId;
  if (relayId === undefined || relayId === node.nodeId) return undefined;
  if (!isUsableRelay(state, relayId) || isUsableRelay(state, node.nodeId)) return undefined;
  const relay = state.nodes.get(relayId);
  return relay && directPath(state, node, relay) ? relay : undefined;
}
