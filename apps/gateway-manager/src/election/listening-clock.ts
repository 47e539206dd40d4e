/** A gap beyond this between two readings was this process asleep, not the others: two ticks of the election. */
const LONGEST_GAP_MS = 500;

/**
 * Milliseconds in which this process was awake and could hear: what silence is measured on. A pause or a stall of its own
 * counts as half a second at most, so it never makes anybody silent; a step of the wall clock counts nothing at all.
 */
export class ListeningClock {
  #time = 0;
  #last: number;

  constructor(private readonly monotonic: () => number) {
    this.#last = monotonic();
  }

  now(): number {
    const reading = this.monotonic();
    this.#time += Math.min(reading - this.#last, LONGEST_GAP_MS);
    this.#last = reading;
    return this.#time;
  }
}
