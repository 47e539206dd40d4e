import type { NetworkFact, RecordedFact } from '#contracts/facts.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';

/** Facts that are kept at least, once so many have happened: what a publisher that takes over looks back at. */
export const RECENT_FACTS = 256;
/** Facts from one kept state to the next. */
const STRIDE = 64;

interface Stretch {
  from: NetworkState;
  facts: RecordedFact<NetworkFact>[];
}

/**
 * The newest facts of one network and how it was between them, from memory. Its states share with the newest what has not changed
 * since, so that whoever compares the two derives nothing again from ten thousand nodes.
 */
export class RecentHistory {
  #latest: NetworkState;
  /** Oldest first; never empty. */
  readonly #stretches: Stretch[];
  #kept = 0;

  /** @param from the oldest state that it will know */
  constructor(from: NetworkState) {
    this.#latest = from;
    this.#stretches = [{ from, facts: [] }];
  }

  get latest(): NetworkState {
    return this.#latest;
  }

  /** Folds the facts that follow. @returns the state after them */
  fold(facts: readonly RecordedFact[]): NetworkState {
    for (const fact of facts as readonly RecordedFact<NetworkFact>[]) {
      let stretch = this.#stretches.at(-1);
      if (!stretch || stretch.facts.length === STRIDE)
        this.#stretches.push((stretch = { from: this.#latest, facts: [] }));
      stretch.facts.push(fact);
      this.#latest = networkFold.evolve(this.#latest, fact);
    }
    this.#kept += facts.length;
    while (this.#kept - STRIDE >= RECENT_FACTS) this.#kept -= this.#stretches.shift()?.facts.length ?? 0;
    return this.#latest;
  }

  /** The network as it was at a version; undefined when that is too long ago, or has not come yet. */
  stateAt(version: number): NetworkState | undefined {
    if (version === this.#latest.version) return this.#latest;
    if (version > this.#latest.version) return undefined;
    const stretch = this.#stretches.findLast(({ from }) => from.version <= version);
    return stretch?.facts.slice(0, version - stretch.from.version).reduce(networkFold.evolve, stretch.from);
  }

  /** All facts after a version; undefined when that is too long ago, or has not come yet. */
  factsAfter(version: number): RecordedFact<NetworkFact>[] | undefined {
    const [oldest] = this.#stretches;
    if (!oldest || version < oldest.from.version || version > this.#latest.version) return undefined;
    return this.#stretches.flatMap(({ facts }) => facts.filter((fact) => fact.version > version));
  }
}
