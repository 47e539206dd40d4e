import type { RecordedFact } from '#contracts/facts.js';
import type { EventStore } from '#event-store/core/event-store.js';
import type { Logger } from '#event-store/core/logger.js';
import type { ServiceConnection } from './connection.js';
import { fromCloudEvent } from './fact-cloud-event.js';
import { park } from './parking.js';

export interface FactFeedOptions {
  connection: ServiceConnection;
  store: EventStore;
  /** Under which unreadable messages are parked. */
  service: string;
  /** Stream → newest version already known; streams that are not named begin at 0. */
  from: ReadonlyMap<string, number>;
  /** One call at a time per stream: facts in version order, each once. What it throws is logged, and the feed goes on. */
  onFacts(stream: string, facts: RecordedFact[]): void | Promise<void>;
  logger?: Logger;
  /** Milliseconds between two comparisons with the log; default 3,000. */
  compareEveryMs?: number;
}

interface Lane {
  /** Newest version delivered. */
  version: number;
  /** Arrived and not delivered, in any order. */
  waiting: RecordedFact[];
  /** The log is to be asked, whatever is waiting. */
  behind: boolean;
  running: boolean;
}

const PAGE = 1_000;

/**
 * Follows the facts of all streams. The quick way is a plain subscription; completeness comes from the log: a lower version is
 * a duplicate, a gap is read from the log, and the heads are compared every few seconds and after every reconnect.
 */
export function followFacts(options: FactFeedOptions): FactFeed {
  return new FactFeed(options);
}

export class FactFeed {
  readonly #options: FactFeedOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #endings: (() => void)[] = [];
  #working = 0;
  #idle: (() => void)[] = [];
  #stopped = false;
  /** Messages that could not be read. */
  unreadable = 0;

  constructor(options: FactFeedOptions) {
    this.#options = options;
    for (const [stream, version] of options.from) this.#lane(stream).version = version;
    const { nats } = options.connection;
    const subscription = nats.subscribe('tombolo.events.>', {
      callback: (_error, message) => this.#arrived(message.string(), message.subject),
    });
    const timer = setInterval(() => void this.#compare(), options.compareEveryMs ?? 3_000);
    const offStatus = options.connection.onStatus((status) => {
      if (status === 'connected') void this.#compare();
    });
    this.#endings.push(
      () => subscription.unsubscribe(),
      () => clearInterval(timer),
      offStatus,
    );
    void this.#compare();
  }

  /** Ends it; resolves when no delivery is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const end of this.#endings) end();
    if (this.#working > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #lane(stream: string): Lane {
    const known = this.#lanes.get(stream);
    if (known) return known;
    const lane: Lane = { version: 0, waiting: [], behind: false, running: false };
    this.#lanes.set(stream, lane);
    return lane;
  }

  #arrived(text: string, subject: string): void {
    let fact: RecordedFact;
    try {
      fact = fromCloudEvent(text);
    } catch (error) {
      this.unreadable += 1;
      const { connection, service, logger } = this.#options;
      logger?.warn({ subject, reason: (error as Error).message }, 'message parked: not a fact');
      void park(connection, service, { subject, reason: (error as Error).message, message: text });
      return;
    }
    const lane = this.#lane(fact.stream);
    if (fact.version <= lane.version) return;
    lane.waiting.push(fact);
    void this.#run(fact.stream, lane);
  }

  async #compare(): Promise<void> {
    try {
      for (const [stream, head] of await this.#options.store.heads()) {
        const lane = this.#lane(stream);
        if (head <= lane.version || lane.running) continue;
        lane.behind = true;
        void this.#run(stream, lane);
      }
    } catch (error) {
      this.#options.logger?.warn({ err: error }, 'heads of the log not compared');
    }
  }

  async #run(stream: string, lane: Lane): Promise<void> {
    if (lane.running || this.#stopped) return;
    lane.running = true;
    this.#working += 1;
    try {
      while (!this.#stopped) {
        const facts = await this.#next(stream, lane);
        if (facts.length === 0) break;
        lane.version = facts.at(-1)!.version;
        await this.#deliver(stream, facts);
      }
    } catch (error) {
      this.#options.logger?.warn({ stream, err: error }, 'log not read, will try again');
    } finally {
      lane.running = false;
      this.#working -= 1;
      if (this.#working === 0) for (const resolve of this.#idle.splice(0)) resolve();
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
    const facts = await this.#options.store.read(stream, { after: lane.version, limit: PAGE });
    lane.behind = facts.length === PAGE;
    return facts;
  }

  async #deliver(stream: string, facts: RecordedFact[]): Promise<void> {
    try {
      await this.#options.onFacts(stream, facts);
    } catch (error) {
      const { logger, connection, service } = this.#options;
      const reason = (error as Error).message;
      logger?.warn({ stream, from: facts[0]?.version, to: facts.at(-1)?.version, err: error }, 'facts not handled');
      void park(connection, service, {
        subject: stream,
        reason,
        message: JSON.stringify(facts.map(({ version }) => version)),
      });
    }
  }
}
