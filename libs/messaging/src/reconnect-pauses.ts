export interface PauseLimits {
  /** The first pause is at most so long, milliseconds; each one after it may be half as long again. */
  firstMs: number;
  longestMs: number;
}

const GROWTH = 1.5;
/** Of the longest that a pause may be, it is at least so much: who is refused at once does not come back at once. */
const LEAST = 0.2;

/**
 * How long to wait before each attempt to come back to the broker. Whoever loses a broker loses it together with all others:
 * chance spreads them, and the more the longer it is away, for one that is slow because all come at once must not be asked sooner.
 */
export class ReconnectPauses {
  #attempt: number | undefined;
  #isHasty = false;

  constructor(
    private readonly limits: PauseLimits,
    private readonly random: () => number = Math.random,
  ) {}

  /** Milliseconds before the next attempt; none before the first connection, whose attempts whoever dials counts. */
  next(): number {
    if (this.#attempt === undefined) return 0;
    const longest = Math.min(this.limits.firstMs * GROWTH ** this.#attempt++, this.limits.longestMs);
    const wait = this.#isHasty ? 0 : longest * (LEAST + (1 - LEAST) * this.random());
    this.#isHasty = false;
    return wait;
  }

  connected(): void {
    this.#attempt = 0;
    this.#isHasty = false;
  }

  /** The connection is about to be left on purpose: nobody else comes back then. */
  hurry(): void {
    this.#isHasty = true;
  }
}
