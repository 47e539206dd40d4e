import type { Resource } from '#contracts/node-stream.js';

/** Recipients that all get the same change: serialised once, sealed for each. */
export interface ChangeGroup {
  /** Node ids, sorted. */
  nodeIds: string[];
  /** Whole bodies, sorted by name. */
  upserts: Resource[];
  /** Names, sorted. */
  removed: string[];
  /** What to add to each recipient's digest (modulo 2^128). */
  digestChange: bigint;
}

/** What a step of a network's log means for its nodes. */
export interface NetworkChange {
  /** Nodes that came: their whole set is `planNode`. Sorted ids, in no group. */
  added: string[];
  /** Nodes that went: nothing is sent to them any more. Sorted ids, in no group. */
  removedNodes: string[];
  /**
   * The nodes that stay and whose sets differ, each in exactly one group. Worked out while iterating: a flip of the default
   * policy changes every set in full, and 10,000 such changes never exist at once.
   */
  groups: Iterable<ChangeGroup>;
}
