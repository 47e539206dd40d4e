import type { Reachability } from '#contracts/relay-facts.js';
import { sameReachability } from './reachability.decider.js';

/**
 * How long a new verdict must last before it is a fact, milliseconds. After a NAT has lost its mappings, observers disagree
 * until each has heard again, which takes a keepalive: so another kind of NAT must last longer than that.
 */
export function settleMs(from: Reachability | undefined, to: Reachability): number {
  if (!from || from.nat === 'unknown' || from.nat === 'public' || from.nat === 'blocked') return 3_000;
  return from.nat === to.nat ? 2_000 : 60_000;
}

/** Verdicts that wait to be facts, by node. */
export class Settling {
  readonly #waiting = new Map<string, { verdict: Reachability; since: number }>();

  /** Notes a verdict that is news, or that there is none (undefined). */
  note(nodeId: string, verdict: Reachability | undefined, now: number): void {
    const known = this.#waiting.get(nodeId);
    if (!verdict) this.#waiting.delete(nodeId);
    else if (!known || !sameReachability(known.verdict, verdict)) this.#waiting.set(nodeId, { verdict, since: now });
  }

  /** Nodes whose verdict has lasted. */
  due(now: number, knownOf: (nodeId: string) => Reachability | undefined): string[] {
    const waiting = [...this.#waiting].filter(
      ([nodeId, { verdict, since }]) => now - since >= settleMs(knownOf(nodeId), verdict),
    );
    return waiting.map(([nodeId]) => nodeId);
  }

  verdict(nodeId: string): Reachability | undefined {
    return this.#waiting.get(nodeId)?.verdict;
  }
}
