/**
 * Runs work per key, one run of a key at a time. Whoever asks while a run is under way shares the next one with all who
 * ask meanwhile: every caller gets a run that began after its call, and no key has more than one run waiting.
 */
export class SharedRuns {
  readonly #work: (key: string) => Promise<void>;
  readonly #running = new Map<string, Promise<void>>();
  readonly #waiting = new Map<string, Promise<void>>();

  constructor(work: (key: string) => Promise<void>) {
    this.#work = work;
  }

  /** Rejects as the run does. */
  run(key: string): Promise<void> {
    const waiting = this.#waiting.get(key);
    if (waiting) return waiting;
    const running = this.#running.get(key);
    if (!running) return this.#begin(key);
    const next = settled(running).then(() => {
      this.#waiting.delete(key);
      return this.#begin(key);
    });
    this.#waiting.set(key, next);
    return next;
  }

  /** Resolves when nothing runs or waits any more. */
  async idle(): Promise<void> {
    while (this.#running.size + this.#waiting.size > 0) {
      await Promise.all([...this.#running.values(), ...this.#waiting.values()].map(settled));
    }
  }

  #begin(key: string): Promise<void> {
    const run = this.#work(key).finally(() => this.#running.delete(key));
    this.#running.set(key, run);
    return run;
  }
}

/** Admits a number of holders at a time; the others wait in order. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}

const settled = (promise: Promise<void>) => promise.catch(() => undefined);
