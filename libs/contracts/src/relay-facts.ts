/** Owner of all of these: relay-planner (docs/paths.md). */

/**
 * How the rest of the world reaches a node (RFC 4787 §4, §5).
 * `public`: at what it offers. `endpoint-independent`: behind one port for all who talk to it. `endpoint-dependent`: behind
 * another port for each. `cgnat`: the same, behind several addresses of a carrier. `blocked`: no UDP gets through.
 * `unknown`: not enough is known.
 */
export type NatKind = 'public' | 'endpoint-independent' | 'endpoint-dependent' | 'cgnat' | 'blocked' | 'unknown';

/** Who gets in: `open`, anybody; `restricted`, only those it has sent to. */
export type Filtering = 'open' | 'restricted' | 'unknown';

export interface Reachability {
  nat: NatKind;
  filtering: Filtering;
  /** Where others see it, as `wg` writes it, one per family; empty where each sees it elsewhere. Sorted. */
  endpoints: string[];
  /** Addresses at which it is seen, sorted: two nodes that share one may be on one LAN. */
  addresses: string[];
}

/** How two nodes talk without a relay. */
export type DirectPath = 'lan' | 'public' | 'punched';

export type AssignmentReason = 'needed' | 'pinned' | 'relay lost' | 'closer' | 'over capacity' | 'not needed';

export type RelayFact =
  | { type: 'NodeReachabilityDecided'; data: { nodeId: string; /** Who saw it. */ observers: string[] } & Reachability }
  /** The node forwards for up to `capacity` nodes that nobody can call. */
  | { type: 'RelaySet'; data: { nodeId: string; capacity: number } }
  /** What is behind it must have been moved before; what was not has no relay any more. */
  | { type: 'RelayUnset'; data: { nodeId: string } }
  /** An operator's wish; null: none. It holds while that relay can serve. */
  | { type: 'RelayPinned'; data: { nodeId: string; relayId: string | null } }
  /** Others reach the node through this relay unless they have a direct path; null: there is none. */
  | { type: 'RelayAssigned'; data: { nodeId: string; relayId: string | null; reason: AssignmentReason } }
  /**
   * `a` is the lower id. On trial: both call each other, and no traffic goes that way yet. `anew`: one of them has changed since
   * the pair failed, so its failures count no more; left out: they do.
   */
  | { type: 'PathTried'; data: { a: string; b: string; over: DirectPath; anew?: true } }
  /** Both ends have shaken hands: traffic goes that way. */
  | { type: 'PathProven'; data: { a: string; b: string } }
  /** Traffic goes through a relay again, and no trial begins before `retryAt` (ISO 8601 UTC). `failures`: in a row. */
  | {
      type: 'PathFailed';
      data: { a: string; b: string; over: DirectPath; reason: string; failures: number; retryAt: string };
    }
  /** Nothing is known of the pair any more: it takes the path that follows from both nodes. */
  | { type: 'PathForgotten'; data: { a: string; b: string } };
