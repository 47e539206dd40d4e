import type { DirectPath } from '#contracts/relay-facts.js';
import type { NodeState } from '#topology/network-state.js';
import { pathBetween } from '#topology/relay-fold.js';
import { sameSite } from '../choose-endpoint.js';
import type { LiveState } from '../members.js';
import { type RelayStanding, standingOf, type Standing } from './standing.js';

/** How packets between two nodes travel; the same from both ends. */
export type PairPath =
  | { kind: DirectPath }
  /** One or two relays, in the order from the first node to the second. */
  | { kind: 'relayed'; relays: readonly string[] }
  /** No way is known; both are told the best endpoints there are, which may help. */
  | { kind: 'none' };

/**
 * The path between two nodes, from facts alone (docs/paths.md): a direct one if there is one, else one relay that both
 * reach, else both nodes' relays.
 */
export function choosePath(state: LiveState, a: NodeState, b: NodeState): PairPath {
  const direct = directPath(state, a, b);
  return direct ? { kind: direct } : relayedPath(standingOf(state, a), standingOf(state, b));
}

/** The same for one who stands there, and for whom no pair is an exception. */
export function pathFrom(from: Standing, to: Standing): PairPath {
  const direct = assumedPath(from, to);
  return direct ? { kind: direct } : relayedPath(from, to);
}

/** The way of two nodes without a relay; undefined: none that is known to work. */
export function directPath(state: LiveState, a: NodeState, b: NodeState): DirectPath | undefined {
  const known = pathBetween(state, a.nodeId, b.nodeId);
  if (known?.phase === 'proven') return known.over;
  if (known && known.over !== 'punched') return undefined;
  return assumedPath(standingOf(state, a), standingOf(state, b));
}

/** What follows from both nodes alone, whatever was tried between them. */
export function assumedPath(a: Standing, b: Standing): 'lan' | 'public' | undefined {
  if (isSameLan(a, b)) return 'lan';
  if (a.kind === 'blocked' || b.kind === 'blocked') return undefined;
  return a.kind === 'open' || b.kind === 'open' ? 'public' : undefined;
}

/** A relay is open and has none itself: it never relays itself, or a relay behind it. */
function relayedPath(a: Standing, b: Standing): PairPath {
  const shared = inTurn(a.relay, b.relay).find((relay) => reaches(a, relay) && reaches(b, relay));
  if (shared) return { kind: 'relayed', relays: [shared.nodeId] };
  if (!a.relay || !b.relay || a.relay.cut.has(b.relay.nodeId)) return { kind: 'none' };
  return { kind: 'relayed', relays: [a.relay.nodeId, b.relay.nodeId] };
}

function reaches(from: Standing, relay: RelayStanding): boolean {
  if (from.proven.has(relay.nodeId)) return true;
  if (from.cut.has(relay.nodeId)) return false;
  return from.kind !== 'blocked' || isSameLan(from, relay);
}

/** The relays of both, in an order that is the same from both ends and puts either first as often. */
function inTurn(a: RelayStanding | null, b: RelayStanding | null): RelayStanding[] {
  if (!a || !b || a.nodeId === b.nodeId) return [a ?? b].filter((relay) => relay !== null);
  const [low, high] = a.nodeId < b.nodeId ? [a, b] : [b, a];
  const sum = parseInt(low.nodeId.slice(-6), 16) + parseInt(high.nodeId.slice(-6), 16);
  return sum % 2 === 0 ? [low, high] : [high, low];
}

type AtSite = Pick<Standing, 'site' | 'offersLan'>;

const isSameLan = (a: AtSite, b: AtSite) => sameSite(a, b) && (a.offersLan || b.offersLan);
