import type { Summary } from '../summary.js';
import type { PortMove } from './port-moves.js';

export interface SentChange extends PortMove {
  /** When it was due to be sent, `performance.now()`. */
  at: number;
}

/** Past this all are one: nobody reads further. */
const LONGEST_MS = 120_000;

/** Notes when every agent held what, and tells how long each change was news to each of them. */
export class Staleness {
  readonly #times: number[][] = [];
  readonly #versions: number[][] = [];

  /** For `Fleet.onTaken`. */
  readonly note = (agent: number, logVersion: number): void => {
    (this.#times[agent] ??= []).push(performance.now());
    (this.#versions[agent] ??= []).push(logVersion);
  };

  /** Whether all agents, but for the one that the change is about, hold it. */
  isTold({ agent: about, version }: PortMove, agents: number): boolean {
    for (let agent = 0; agent < agents; agent++)
      if (agent !== about && (this.#versions[agent]?.at(-1) ?? 0) < version) return false;
    return true;
  }

  /** @param agents whom all changes concern, but for the one that each is about */
  of(changes: readonly SentChange[], agents: number): Summary & { told: number; never: number } {
    const byVersion = [...changes].sort((a, b) => a.version - b.version);
    const histogram = new Uint32Array(LONGEST_MS + 1);
    let never = 0;
    for (let agent = 0; agent < agents; agent++) {
      const [times, versions] = [this.#times[agent] ?? [], this.#versions[agent] ?? []];
      let next = 0;
      for (const { agent: about, version, at } of byVersion) {
        while (next < versions.length && versions[next]! < version) next++;
        const taken = times[next];
        if (about === agent) continue;
        if (taken === undefined) never++;
        else histogram[Math.min(LONGEST_MS, Math.max(0, Math.round(taken - at)))]! += 1;
      }
    }
    const told = histogram.reduce((sum, count) => sum + count, 0);
    return { ...ranks(histogram, told), told, never };
  }
}

/** Nearest rank, over milliseconds. */
function ranks(histogram: Uint32Array, count: number): Summary {
  const rank = (share: number) => {
    let left = Math.ceil(count * share);
    const found = histogram.findIndex((each) => (left -= each) <= 0);
    return count === 0 ? NaN : found;
  };
  return { p50: rank(0.5), p99: rank(0.99), max: rank(1) };
}
