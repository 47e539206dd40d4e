import type { Command, Fold, Outcome } from '#contracts/decision.js';
import { ConcurrencyConflict, Unavailable } from '#contracts/errors.js';
import { decideBatch, type Batch } from './decide-batch.js';
import type { CommandAnswer, EventStore, RecordedFact } from './event-store.js';
import type { Logger } from './logger.js';
import { StreamFolds, type Folded } from './stream-folds.js';

export interface DecisionMakerOptions<State> {
  store: EventStore;
  fold: Fold<State>;
  /** Facts between two snapshots of a stream. */
  snapshotEvery: number;
  logger?: Logger;
  /** Waits before try `attempt` (2, 3, …) after another writer was first. Services give some random milliseconds; default: none. */
  pause?: (attempt: number) => Promise<void>;
  /** Runs work that nobody waits for; `setImmediate` in a service. Default: at once. */
  later?: (work: () => void) => void;
}

interface Pending<State> {
  command: Command<State>;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
}

/** Most commands decided in one append: bounds the work lost to a conflict and the time one statement holds. */
const BATCH = 500;
/** Every lost try means that another writer got on, so running out of tries takes a storm. */
const TRIES = 30;

/**
 * Turns commands into facts: folds a stream, decides, appends at the version folded to, and folds and decides again
 * when another writer was first. Commands that arrive while an append is under way share the next one.
 */
export class DecisionMaker<State> {
  readonly #options: DecisionMakerOptions<State>;
  readonly #folds: StreamFolds<State>;
  readonly #queues = new Map<string, Pending<State>[]>();

  constructor(options: DecisionMakerOptions<State>) {
    this.#options = options;
    this.#folds = new StreamFolds(options);
  }

  /**
   * Decides a command and returns once its facts are durable; the same command id again gets the first answer. The
   * outcome's facts are those of this stream.
   * @throws Refusal by the decider, or `idempotency_mismatch` for an id that was used with another fingerprint
   * @throws Unavailable when the log does not answer: the outcome is unknown, send the same command id again
   * @throws ConcurrencyConflict only for a stream named in the decision's `also`: read it again, build the command again
   */
  execute<Answer = unknown>(stream: string, command: Command<State>): Promise<Outcome<Answer>> {
    return new Promise<Outcome<Answer>>((resolve, reject) => {
      const pending: Pending<State> = { command, resolve: resolve as (outcome: Outcome) => void, reject };
      const queue = this.#queues.get(stream);
      if (queue) {
        queue.push(pending);
      } else {
        const started = [pending];
        this.#queues.set(stream, started);
        void this.#work(stream, started);
      }
    });
  }

  /**
   * The state at the log's head. `staleOk`: from memory when the log does not answer.
   * @throws Unavailable
   */
  async current(stream: string, { staleOk = false } = {}): Promise<Folded<State>> {
    try {
      const folded = await this.#folds.refresh(stream);
      this.#snapshotLater(stream);
      return folded;
    } catch (error) {
      const known = this.#folds.peek(stream);
      if (!staleOk || !known || !(error instanceof Unavailable)) throw error;
      return known;
    }
  }

  /**
   * The state as it was at a version (`store.versionAt` gives that of a time); the newest when the log ends before.
   * @throws Unavailable
   */
  at(stream: string, version: number): Promise<Folded<State>> {
    return this.#folds.at(stream, version);
  }

  /** The state of the newest snapshot, to fold on from; the initial one where there is none. @throws Unavailable */
  newestSnapshot(stream: string): Promise<Folded<State>> {
    return this.#folds.newestSnapshot(stream);
  }

  async #work(stream: string, queue: Pending<State>[]): Promise<void> {
    while (queue.length > 0) {
      let batch: Pending<State>[] = [];
      try {
        // Read first: whoever arrives meanwhile joins this batch, and no refusal rests on an old state.
        const folded = await this.#folds.refresh(stream);
        batch = queue.splice(0, BATCH);
        queue.unshift(...(await this.#settle(stream, batch, folded)));
      } catch (error) {
        if (batch.length > 1 && !(error instanceof Unavailable)) await this.#oneByOne(stream, batch);
        else for (const pending of batch.length > 0 ? batch : queue.splice(0)) pending.reject(error);
      }
      this.#snapshotLater(stream);
    }
    this.#queues.delete(stream);
  }

  /** Something in a batch cannot be stored: a bug in one decider must not fail the others' commands. */
  async #oneByOne(stream: string, batch: Pending<State>[]): Promise<void> {
    for (const pending of batch) {
      try {
        await this.#settle(stream, [pending], await this.#folds.refresh(stream));
      } catch (error) {
        pending.reject(error);
      }
    }
  }

  /** Answers every command of a batch, or returns the last ones undecided. */
  async #settle(stream: string, batch: Pending<State>[], folded: Folded<State>): Promise<Pending<State>[]> {
    const { store, fold, pause } = this.#options;
    let waiting = batch;
    for (let attempt = 1; attempt <= TRIES && waiting.length > 0; attempt++) {
      const { state, version } = attempt === 1 ? folded : await this.#folds.refresh(stream);
      const commands = waiting.map((pending) => pending.command);
      // After the fold: a repeated command whose facts are folded must find its answer.
      const remembered = await store.answersOf(stream, [...new Set(commands.map((command) => command.commandId))]);
      const decided = decideBatch({ stream, fold, state, version, commands, remembered });
      let recorded: RecordedFact[] = [];
      try {
        if (decided.answers.length > 0) recorded = await store.append(decided.parts, decided.answers);
      } catch (error) {
        if (!(error instanceof ConcurrencyConflict)) throw error;
        if (error.stream !== stream) waiting = rejectThoseTouching(error, decided, waiting);
        await pause?.(attempt + 1);
        continue;
      }
      const own = recorded.filter((fact) => fact.stream === stream);
      this.#folds.advance(stream, own);
      this.#answer(decided, waiting, own);
      return waiting.slice(decided.verdicts.length);
    }
    if (waiting.length === 0) return [];
    throw new Unavailable(
      'log',
      `stream ${stream} is written to faster than it can be read; repeat with the same command id`,
    );
  }

  #answer({ verdicts }: Batch, waiting: Pending<State>[], recorded: RecordedFact[]): void {
    const byVersion = new Map(recorded.map((fact) => [fact.version, fact]));
    verdicts.forEach((verdict, i) => {
      const { resolve, reject } = waiting[i]!;
      if (verdict.kind === 'failed') return reject(verdict.error);
      if (verdict.kind === 'repeated') return this.#answerAgain(verdict.answer).then(resolve, reject);
      const { answer, version } = verdict;
      const facts = answer.versions.map((v) => byVersion.get(v)!);
      return resolve({ answer: answer.answer, version, facts, repeated: false });
    });
  }

  /** The first answer again. A command that made no facts gets the version of now. */
  async #answerAgain({ stream, answer, versions }: CommandAnswer): Promise<Outcome> {
    const [first, last] = [versions[0], versions.at(-1)];
    if (first === undefined || last === undefined) {
      return { answer, version: this.#folds.peek(stream)?.version ?? 0, facts: [], repeated: true };
    }
    const facts = await this.#options.store.read(stream, { after: first - 1, upTo: last, limit: versions.length });
    return { answer, version: last, facts, repeated: true };
  }

  #snapshotLater(stream: string): void {
    const { later = (work: () => void) => work() } = this.#options;
    later(() => void this.#folds.snapshotIfDue(stream));
  }
}

/** Folding again cannot cure a conflict in another stream: the one command that named it must be built again. */
function rejectThoseTouching<State>(error: ConcurrencyConflict, { verdicts }: Batch, waiting: Pending<State>[]) {
  return waiting.filter((pending, i) => {
    const verdict = verdicts[i];
    const touches = verdict?.kind === 'decided' && verdict.also.includes(error.stream);
    if (touches) pending.reject(error);
    return !touches;
  });
}
