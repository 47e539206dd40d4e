import { setTimeout as delay } from 'node:timers/promises';
import { Unavailable } from '#contracts/errors.js';
import type { DataSource } from 'typeorm';
import type { EventStore, RecordedFact } from '../core/event-store.js';
import type { FactPublisher } from '../core/fact-publisher.js';
import type { Logger } from '../core/logger.js';
import { upcast, type Upcasters } from '../core/upcast.js';
import { Database } from './database.js';
import { moveCursor, pendingStreams, takeStream } from './outbox-cursor.js';
import { SharedRuns, Turns } from './shared-runs.js';

export interface OutboxOptions {
  dataSource: DataSource;
  /** Whose appends are published at once, from `start` on. */
  store: EventStore;
  publisher: FactPublisher;
  logger?: Logger;
  upcasters?: Upcasters;
  /** Milliseconds between two looks for what a crash or an absent broker left behind; default 1000. */
  sweepMs?: number;
  /** Milliseconds until it looks again at a stream that another process is publishing; default 50. */
  recheckMs?: number;
}

/** Streams published at a time: each holds a connection while the broker answers, and commands need the others. */
const AT_ONCE = 4;
/** Pages in one transaction; then the cursor is committed. */
const PAGES = 20;

/**
 * Brings committed facts to the broker: in version order per stream, each at least once, one process at a time per
 * stream. The log is complete without it; what it publishes can always be published again.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #database: Database;
  readonly #runs = new SharedRuns((stream) => this.#publishOrTell(stream));
  readonly #turns = new Turns(AT_ONCE);
  readonly #ending = new AbortController();
  #generation: string | undefined;
  /** The broker or the log does not answer: until it does, commits do not try again each for itself. */
  #away = false;
  /** Streams with a fact that the publisher cannot take. */
  readonly #stuck = new Set<string>();
  #end: () => Promise<void> = async () => undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#database = new Database(options.dataSource);
  }

  /** Publishes from now on: after every commit of `store`, and every `sweepMs` whatever is pending. */
  start(): void {
    const unsubscribe = this.#options.store.onAppended((facts) => {
      if (this.#away) return;
      for (const stream of new Set(facts.map((fact) => fact.stream))) void this.#try(() => this.publishPending(stream));
    });
    const sweeping = this.#sweep();
    this.#end = async () => {
      unsubscribe();
      await sweeping;
    };
  }

  /** Ends what `start` began; resolves when nothing is under way. An outbox cannot be started again. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#end();
    await this.#runs.idle();
  }

  /**
   * Publishes everything pending of a stream, or of all streams, and resolves when the broker has it. All streams: asks
   * the broker first whether it is still the same.
   * @throws Unavailable by the log, the publisher or a stop; what is left is published by the next call
   */
  async publishPending(stream?: string): Promise<void> {
    if (stream !== undefined) return this.#runs.run(stream);
    this.#generation = await this.#options.publisher.generation();
    const pending = await pendingStreams(this.#database.query, this.#generation);
    const results = await Promise.allSettled([...pending.keys()].map((each) => this.#runs.run(each)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** Committed facts that the broker does not have yet. @throws Unavailable */
  async lag(): Promise<number> {
    const generation = this.#generation ?? (await this.#options.publisher.generation());
    const pending = await pendingStreams(this.#database.query, generation);
    return [...pending.values()].reduce((sum, facts) => sum + facts, 0);
  }

  async #sweep(): Promise<void> {
    const { sweepMs = 1000 } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await this.#try(() => this.publishPending());
      await pause(sweepMs, signal);
    }
  }

  /** What fails now, the next sweep makes good for. An outage is told once. */
  async #try(publish: () => Promise<void>): Promise<void> {
    try {
      await publish();
      this.#away = false;
    } catch (error) {
      const away = error instanceof Unavailable;
      const news = away && !this.#away && !this.#ending.signal.aborted;
      if (news) this.#options.logger?.warn({ err: error }, 'facts not published, will try again');
      this.#away = away;
    }
  }

  /** A fact that the publisher cannot take holds up its own stream, is told once, and is tried again like any other. */
  async #publishOrTell(stream: string): Promise<void> {
    try {
      await this.#publishStream(stream);
      this.#stuck.delete(stream);
    } catch (error) {
      if (error instanceof Unavailable) throw error;
      if (!this.#stuck.has(stream)) this.#options.logger?.warn({ stream, err: error }, 'stream cannot be published');
      this.#stuck.add(stream);
      throw error;
    }
  }

  async #publishStream(stream: string): Promise<void> {
    const { recheckMs = 50 } = this.#options;
    const { signal } = this.#ending;
    for (;;) {
      const outcome = await this.#turns.during(() => this.#publishSome(stream));
      if (outcome === 'done') return;
      // The other process may have read its last page before our commit: only the lock tells that nothing is left.
      if (outcome === 'taken') await pause(recheckMs, signal);
      if (signal.aborted)
        throw new Unavailable('service', 'the outbox was stopped; another process or the next start goes on');
    }
  }

  async #publishSome(stream: string): Promise<'done' | 'more' | 'taken'> {
    const generation = (this.#generation ??= await this.#options.publisher.generation());
    let outcome: 'done' | 'more' | 'taken' = 'taken';
    await this.#database.transaction(async (query) => {
      const taken = await takeStream(query, stream, generation);
      if (!taken.locked) return false;
      if (taken.generation !== null && taken.generation !== generation && !(await this.#isCurrent(generation))) {
        outcome = 'more';
        return false;
      }
      let { facts } = taken;
      for (let page = 0; facts.length > 0 && page < PAGES; page++) {
        await this.#publish(facts);
        facts = await moveCursor(query, generation, facts.at(-1)!);
      }
      outcome = facts.length > 0 ? 'more' : 'done';
      return true;
    });
    return outcome;
  }

  async #publish(facts: RecordedFact[]): Promise<void> {
    try {
      await this.#options.publisher.publish(facts.map((fact) => upcast(fact, this.#options.upcasters)));
    } catch (error) {
      // It may have been made anew.
      this.#generation = undefined;
      throw error;
    }
  }

  /** Whether the broker is still what this process takes it for, when another process took it for something else. */
  async #isCurrent(generation: string): Promise<boolean> {
    this.#generation = await this.#options.publisher.generation();
    return this.#generation === generation;
  }
}

/** Waits, or returns early when the signal comes. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
