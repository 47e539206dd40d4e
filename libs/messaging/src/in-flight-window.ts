/** Lets a limited number of tasks run at once and starts the others in the order they came. */
export class InFlightWindow {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  #next = 0;

  constructor(size: number) {
    this.#free = size;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      this.#release();
    }
  }

  /** Hands the place on. The queue is read by an index: shifting ten thousand entries one by one is quadratic. */
  #release(): void {
    const start = this.#waiting[this.#next++];
    if (start) return start();
    this.#waiting.length = 0;
    this.#next = 0;
    this.#free++;
  }
}
