import type { Msg } from '@nats-io/transport-node';
import type { RecordedFact } from '#contracts/facts.js';
import { Unavailable } from '#contracts/errors.js';
import type { EventStore } from '#event-store/core/event-store.js';
import type { Logger } from '#event-store/core/logger.js';
import type { ServiceConnection } from './connection.js';
import { fromCloudEvent } from './fact-cloud-event.js';
import { park } from './parking.js';
import { pause } from './pause.js';
import { MAC_HEADER } from './service-mac.js';

export interface FactFeedOptions {
  connection: ServiceConnection;
  store: EventStore;
  /** Under which messages that cannot be handled are parked. */
  service: string;
  /** Stream → newest version already known; streams that are not named begin at 0. */
  from: ReadonlyMap<string, number>;
  /**
   * One call at a time per stream: facts in version order, each once. All or nothing: when it throws, none of them
   * counts as handled. `Unavailable` is tried again until it works; any other error finds the fact that is to blame,
   * which is parked, and the feed goes on.
   */
  onFacts(stream: string, facts: RecordedFact[]): void | Promise<void>;
  logger?: Logger;
  /** Milliseconds between two comparisons with the log; default 3,000. */
  compareEveryMs?: number;
}

interface Lane {
  /** Newest version delivered, or being delivered. */
  version: number;
  /** Arrived and not delivered, in any order. */
  waiting: RecordedFact[];
  /** The log is to be asked, whatever is waiting. */
  behind: boolean;
  running: boolean;
}

const PAGE = 1_000;
/** However many facts come that nobody vouches for, the log is asked so often at most, milliseconds. */
const COMPARE_AT_MOST_EVERY_MS = 100;

/**
 * Follows the facts of all streams. The quick way is a plain subscription, of which only what services prove is believed;
 * completeness comes from the log: a lower version is a duplicate, a gap is read from the log, and the heads are compared
 * every few seconds, after every reconnect, and when something came that nobody vouches for.
 */
export function followFacts(options: FactFeedOptions): FactFeed {
  return new FactFeed(options);
}

export class FactFeed {
  readonly #lanes = new Map<string, Lane>();
  readonly #end = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #comparing = false;
  #soon: NodeJS.Timeout | undefined;
  #unreadable = 0;

  constructor(private readonly options: FactFeedOptions) {
    for (const [stream, version] of options.from) this.#lane(stream).version = version;
    const subscription = options.connection.nats.subscribe('tombolo.events.>', {
      callback: (error, message) => {
        if (!error) this.#arrived(message);
      },
    });
    const timer = setInterval(() => void this.#compare(), options.compareEveryMs ?? 3_000);
    const offStatus = options.connection.onStatus((status) => {
      if (status === 'connected') void this.#compare();
    });
    this.#end.signal.addEventListener('abort', () => {
      subscription.unsubscribe();
      clearInterval(timer);
      clearTimeout(this.#soon);
      offStatus();
    });
    void this.#compare();
  }

  /** Messages on the subjects of facts that are none. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** Ends it; resolves when no delivery is under way. */
  async stop(): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#running);
  }

  #lane(stream: string): Lane {
    const known = this.#lanes.get(stream);
    if (known) return known;
    const lane: Lane = { version: 0, waiting: [], behind: false, running: false };
    this.#lanes.set(stream, lane);
    return lane;
  }

  #arrived(message: Msg): void {
    const { connection, logger } = this.options;
    const { subject, data: body } = message;
    if (!connection.mac.isProven({ kind: 'fact', subject, body }, message.headers?.get(MAC_HEADER))) {
      connection.distrust.note('fact', 'forged', subject, logger);
      // Whoever says it, there may be something to it (a service of an earlier release): the log knows.
      this.#compareSoon();
      return;
    }
    const text = message.string();
    let fact: RecordedFact;
    try {
      fact = fromCloudEvent(text);
    } catch (error) {
      this.#unreadable += 1;
      this.#park(subject, error as Error, text);
      return;
    }
    const lane = this.#lane(fact.stream);
    if (fact.version <= lane.version) return;
    lane.waiting.push(fact);
    this.#start(fact.stream, lane);
  }

  #compareSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      void this.#compare();
    }, COMPARE_AT_MOST_EVERY_MS);
  }

  async #compare(): Promise<void> {
    if (this.#comparing) return;
    this.#comparing = true;
    try {
      for (const [stream, head] of await this.options.store.heads()) {
        const lane = this.#lane(stream);
        if (head <= lane.version || lane.running) continue;
        lane.behind = true;
        this.#start(stream, lane);
      }
    } catch (error) {
      this.options.logger?.warn({ err: error }, 'heads of the log not compared, will try again');
    } finally {
      this.#comparing = false;
    }
  }

  #start(stream: string, lane: Lane): void {
    if (lane.running || this.#end.signal.aborted) return;
    lane.running = true;
    const run = this.#run(stream, lane).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async #run(stream: string, lane: Lane): Promise<void> {
    try {
      while (!this.#end.signal.aborted) {
        const facts = await this.#next(stream, lane);
        if (facts.length === 0) break;
        lane.version = facts.at(-1)!.version;
        await this.#deliver(stream, facts);
      }
    } catch (error) {
      this.options.logger?.warn({ stream, err: error }, 'log not read, will try again');
    } finally {
      lane.running = false;
    }
  }

  /** What follows the newest delivered version: from what has arrived, else from the log where something is missing. */
  async #next(stream: string, lane: Lane): Promise<RecordedFact[]> {
    const arrived = lane.waiting.splice(0).sort((a, b) => a.version - b.version);
    const run: RecordedFact[] = [];
    for (const fact of arrived) if (fact.version === lane.version + run.length + 1) run.push(fact);
    const newest = arrived.at(-1)?.version ?? 0;
    if (newest > lane.version + run.length) lane.behind = true;
    if (run.length > 0 || !lane.behind) return run;
    const facts = await this.options.store.read(stream, { after: lane.version, limit: PAGE });
    lane.behind = facts.length === PAGE;
    return facts;
  }

  async #deliver(stream: string, facts: RecordedFact[]): Promise<void> {
    for (let attempt = 0; !this.#end.signal.aborted; attempt++) {
      try {
        return await this.options.onFacts(stream, facts);
      } catch (error) {
        if (!(error instanceof Unavailable)) return this.#isolate(stream, facts, error as Error);
        this.options.logger?.warn({ stream, err: error }, 'facts not handled, will try again');
        await pause(Math.min(100 * 2 ** attempt, 5_000), this.#end.signal);
      }
    }
  }

  /** Delivers one by one, so that the fact to blame is set aside alone. */
  async #isolate(stream: string, facts: RecordedFact[], error: Error): Promise<void> {
    if (facts.length > 1) {
      for (const fact of facts) await this.#deliver(stream, [fact]);
      return;
    }
    this.#park(`${stream}:${facts[0]?.version}`, error, JSON.stringify(facts[0]));
  }

  #park(subject: string, error: Error, message: string): void {
    const { connection, service, logger } = this.options;
    logger?.warn({ subject, err: error }, 'message parked');
    void park(connection, service, { subject, reason: error.message, message });
  }
}
