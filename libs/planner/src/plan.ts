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
