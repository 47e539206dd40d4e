/**
 * How long each watched node has been silent, counted so that it is never overstated: only time in which this process
 * was awake and could have heard the node counts, and a node that was heard starts anew at the next tick.
 */
export class SilenceCounter {
  private readonly silentMs = new Map<string, number>();
  private readonly heard = new Set<string>();
  private lastTick: number | undefined;

  /** @param longestTick milliseconds between two ticks beyond which the process was asleep, not the nodes */
  constructor(private readonly longestTick: number) {}

  hear(nodeId: string): void {
    this.heard.add(nodeId);
  }

  /**
   * Counts the time since the last tick for the nodes that are watched now.
   * @param now monotonic milliseconds
   * @param listening whether reports could have arrived since the last tick
   */
  tick(watched: Iterable<string>, now: number, listening: boolean): void {
    const passed = this.lastTick === undefined ? Infinity : now - this.lastTick;
    this.lastTick = now;
    const counts = listening && passed <= this.longestTick;
    const before = new Map(this.silentMs);
    this.silentMs.clear();
    for (const nodeId of watched) {
      const known = before.get(nodeId);
      const silent = !counts || known === undefined || this.heard.has(nodeId) ? 0 : known + passed;
      this.silentMs.set(nodeId, silent);
    }
    this.heard.clear();
  }

  /** Milliseconds; 0 for a node that is not watched. */
  of(nodeId: string): number {
    return this.silentMs.get(nodeId) ?? 0;
  }
}
