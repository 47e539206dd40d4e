/** Time that passes only by events, in order of their time and then of their making. */
export class VirtualClock {
  now = 0;
  #events: { at: number; action: () => void }[] = [];

  /** Milliseconds from now. */
  in(delay: number, action: () => void): void {
    const at = this.now + delay;
    let i = this.#events.length;
    while (i > 0 && (this.#events[i - 1]?.at ?? 0) > at) i--;
    this.#events.splice(i, 0, { at, action });
  }

  pause(delay: number): Promise<void> {
    return new Promise((resolve) => this.in(delay, resolve));
  }

  /** Runs all events up to a time; each is followed by whatever was awaiting it. */
  async runUntil(end: number): Promise<void> {
    await settled();
    for (let event = this.#events[0]; event && event.at <= end; event = this.#events[0]) {
      this.#events.shift();
      this.now = event.at;
      event.action();
      await settled();
    }
    this.now = end;
  }
}

/** When no promise is left that could continue without another event. */
const settled = () => new Promise((resolve) => setImmediate(resolve));
