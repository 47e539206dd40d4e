import type { Logger } from '#event-store/core/logger.js';
import type { ProvenKind } from './service-mac.js';

export type DistrustedKind = ProvenKind | 'report';

/**
 * Why a message is not believed. `forged`: it carries no proof, or a wrong one; `repeated`: it was heard before, or something newer was;
 * `late`: its time is not now; `unknown`: nobody knows the node that it names.
 */
export type DistrustReason = 'forged' | 'repeated' | 'late' | 'unknown';

/** A log says so again after this long, milliseconds. */
const SAY_AGAIN_AFTER_MS = 3_600_000;

/** Counts what a service heard and did not believe, and says so once of each kind. */
export class Distrust {
  readonly #counts = new Map<string, { kind: DistrustedKind; reason: DistrustReason; count: number; saidAt: number }>();

  note(kind: DistrustedKind, reason: DistrustReason, subject: string, logger?: Logger): void {
    const key = `${kind} ${reason}`;
    const known = this.#counts.get(key) ?? { kind, reason, count: 0, saidAt: -Infinity };
    this.#counts.set(key, known);
    known.count += 1;
    const now = performance.now();
    // What comes from a node that has just left or joined is nobody's fault.
    if (reason === 'unknown' || now - known.saidAt < SAY_AGAIN_AFTER_MS) return;
    known.saidAt = now;
    logger?.warn({ kind, reason, subject }, 'a message is not believed; more of them are counted, not told');
  }

  get counts(): readonly { kind: DistrustedKind; reason: DistrustReason; count: number }[] {
    return [...this.#counts.values()].map(({ kind, reason, count }) => ({ kind, reason, count }));
  }

  /** How many of a kind, for one reason or for all. */
  count(kind: DistrustedKind, reason?: DistrustReason): number {
    const ofKind = this.counts.filter((each) => each.kind === kind && (reason ?? each.reason) === each.reason);
    return ofKind.reduce((sum, each) => sum + each.count, 0);
  }
}
