import type { Fold } from '#contracts/decision.js';
import type { EventStore, RecordedFact } from './event-store.js';
import type { Logger } from './logger.js';

/** A state and the log version it follows from. */
export interface Folded<State> {
  state: State;
  version: number;
}

export interface StreamFoldsOptions<State> {
  store: EventStore;
  fold: Fold<State>;
  /** Facts between two snapshots of a stream. */
  snapshotEvery: number;
  logger?: Logger;
}

interface Known<State> extends Folded<State> {
  /** Version of the newest snapshot this process knows of. */
  saved: number;
  /** False until the log's tail was read to its end once. */
  whole: boolean;
}

const PAGE = 1000;

/** The states of many streams, kept in memory and brought up to date from the log's tail; started from snapshots. */
export class StreamFolds<State> {
  readonly #options: StreamFoldsOptions<State>;
  readonly #known = new Map<string, Known<State>>();

  constructor(options: StreamFoldsOptions<State>) {
    this.#options = options;
  }

  /** What memory holds, however old; nothing before the stream's head was reached once. */
  peek(stream: string): Folded<State> | undefined {
    const known = this.#known.get(stream);
    return known?.whole ? { state: known.state, version: known.version } : undefined;
  }

  /** The state at the log's head. One read when the stream is known and not a page behind. */
  async refresh(stream: string): Promise<Folded<State>> {
    if (!this.#known.has(stream)) {
      const started = await this.#fromSnapshot(stream);
      if (!this.#known.has(stream)) this.#known.set(stream, { ...started, saved: started.version, whole: false });
    }
    for (;;) {
      const known = this.#known.get(stream)!;
      const facts = await this.#options.store.read(stream, { after: known.version, limit: PAGE });
      this.advance(stream, facts);
      if (facts.length === PAGE) continue;
      known.whole = true;
      return { state: known.state, version: known.version };
    }
  }

  /** What the newest snapshot says; the initial state where there is none that can be read. */
  newestSnapshot(stream: string): Promise<Folded<State>> {
    return this.#fromSnapshot(stream);
  }

  /** Folds facts on, skipping those already folded, so that racing readers do no harm. Nothing for an unknown stream. */
  advance(stream: string, facts: RecordedFact[]): void {
    const known = this.#known.get(stream);
    if (known) Object.assign(known, foldOn(this.#options.fold, known, facts));
  }

  /** The state at a version; at the head when the log ends before. */
  async at(stream: string, version: number): Promise<Folded<State>> {
    const known = this.#known.get(stream);
    if (known?.version === version) return { state: known.state, version };
    let folded = await this.#fromSnapshot(stream, version);
    for (;;) {
      const facts = await this.#options.store.read(stream, { after: folded.version, upTo: version, limit: PAGE });
      folded = foldOn(this.#options.fold, folded, facts);
      if (facts.length < PAGE) return folded;
    }
  }

  /** Saves a snapshot when enough facts were folded since the last. A failure costs a longer start, so it is only logged. */
  async snapshotIfDue(stream: string): Promise<void> {
    const { store, fold, snapshotEvery, logger } = this.#options;
    const known = this.#known.get(stream);
    if (!known || known.version - known.saved < snapshotEvery) return;
    const { state, version } = known;
    known.saved = version;
    try {
      await store.saveSnapshot({ stream, version, schema: fold.schema, state: fold.toJson(state) });
    } catch (error) {
      logger?.warn({ stream, version, err: error }, 'snapshot not saved');
    }
  }

  /** A snapshot is a shortcut, never the truth: one that cannot be read is passed over. */
  async #fromSnapshot(stream: string, upTo?: number): Promise<Folded<State>> {
    const { store, fold, logger } = this.#options;
    const snapshot = await store.snapshot(stream, { schema: fold.schema, upTo });
    try {
      if (snapshot) return { state: fold.fromJson(snapshot.state), version: snapshot.version };
    } catch (error) {
      logger?.warn({ stream, version: snapshot?.version, err: error }, 'snapshot unreadable, folding the whole log');
    }
    return { state: fold.initialState, version: 0 };
  }
}

function foldOn<State>(fold: Fold<State>, from: Folded<State>, facts: RecordedFact[]): Folded<State> {
  let { state, version } = from;
  for (const fact of facts) {
    if (fact.version <= version) continue;
    if (fact.version !== version + 1) {
      throw new Error(`stream ${fact.stream} has no version ${version + 1}: restore the log from a backup`);
    }
    state = fold.evolve(state, fact);
    version = fact.version;
  }
  return { state, version };
}
