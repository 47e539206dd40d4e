import { AckPolicy, type Consumer, type ConsumerMessages, DeliverPolicy, type JsMsg } from '@nats-io/jetstream';
import { Unavailable } from '#contracts/errors.js';
import type { IngestResult } from '#contracts/sources.js';
import { ingestResultSubject, ingestSubject, STREAMS } from '#contracts/subjects.js';
import type { Logger } from '#event-store/core/logger.js';
import type { ServiceConnection } from './connection.js';
import { park } from './parking.js';
import { pause } from './pause.js';

export interface IngestMessage {
  source: string;
  text: string;
  /** 1 at first. */
  deliveries: number;
}

export interface IngestOutcome {
  result: IngestResult;
  /** Why the message is set aside; absent: it is not. */
  park?: string;
}

/** Answers one message. @throws anything when it cannot be answered now: it comes again */
export type HandleIngest = (message: IngestMessage) => Promise<IngestOutcome>;

/** Commands that one replica takes from one source: so many at once, then so many a second. */
export interface IngestPace {
  burst: number;
  perSecond: number;
}

export interface IngestFeedOptions {
  connection: ServiceConnection;
  handle: HandleIngest;
  pace: IngestPace;
  logger?: Logger;
}

const SECOND_NS = 1_000_000_000;
const ASK_MS = 20_000;
/** A question that the broker forgot, as when its stream is wiped at that moment, is silent: it is asked again after two of these. */
const HEARTBEAT_MS = 1_000;
/** A replica that took a command and died: another one gets it after this. */
const ACK_WAIT_NS = 60 * SECOND_NS;
const AGAIN_MS = 1_000;

const consumerOf = (source: string) => `source-${source}`;

/**
 * Takes the commands of every source, each source by itself: a consumer for each, with one command under way over all
 * replicas. So a source's commands are done in the order in which they came, and neither a flood nor a poisoned message of
 * one keeps another waiting. Replicas share the sources' work command by command.
 */
export class IngestFeed {
  readonly #lanes = new Map<string, Lane>();

  constructor(private readonly options: IngestFeedOptions) {}

  /** Takes from these sources from now on, and from no others. */
  follow(sources: readonly string[]): void {
    const wanted = new Set(sources);
    for (const [source, lane] of this.#lanes) {
      if (wanted.has(source)) continue;
      this.#lanes.delete(source);
      void lane.stop();
    }
    for (const source of wanted) if (!this.#lanes.has(source)) this.#lanes.set(source, new Lane(source, this.options));
  }

  /** Drops what a source has waiting, and its consumer; repeating it changes nothing. @throws Unavailable */
  async forget(source: string): Promise<void> {
    const manager = await this.options.connection.manager();
    try {
      await manager.consumers.delete(STREAMS.ingest, consumerOf(source)).catch(() => false);
      await manager.streams.purge(STREAMS.ingest, { filter: ingestSubject(source) });
    } catch (error) {
      const detail = `what source ${source} has waiting is not dropped: ${(error as Error).message}`;
      throw new Unavailable('broker', detail, { cause: error });
    }
  }

  /** Ends it; resolves when nothing is under way. */
  async stop(): Promise<void> {
    const lanes = [...this.#lanes.values()];
    this.#lanes.clear();
    await Promise.all(lanes.map((lane) => lane.stop()));
  }
}

class Lane {
  readonly #end = new AbortController();
  readonly #done: Promise<void>;
  #asking: ConsumerMessages | undefined;
  #tokens: number;
  #filledAt = performance.now();

  constructor(
    private readonly source: string,
    private readonly options: IngestFeedOptions,
  ) {
    this.#tokens = options.pace.burst;
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#end.abort();
    void this.#asking?.close();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { connection, logger } = this.options;
    const { signal } = this.#end;
    let consumer: Consumer | undefined;
    while (!signal.aborted) {
      try {
        if (connection.status !== 'connected') await connection.whenConnected(signal);
        consumer ??= await this.#consumer();
        await this.#keepPace();
        if (!signal.aborted) await this.#takeOne(consumer);
      } catch (error) {
        // The stream was wiped, or the broker is away or elects a leader: begin again.
        consumer = undefined;
        if (signal.aborted) break;
        logger?.warn({ source: this.source, err: error }, 'commands of a source not read, will try again');
        await pause(AGAIN_MS, signal);
      }
    }
  }

  async #consumer(): Promise<Consumer> {
    const { connection } = this.options;
    const manager = await connection.manager();
    const info = await manager.consumers.add(STREAMS.ingest, {
      durable_name: consumerOf(this.source),
      filter_subject: ingestSubject(this.source),
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: ACK_WAIT_NS,
      max_ack_pending: 1,
      max_deliver: -1,
    });
    return connection.jetstream.consumers.getConsumerFromInfo(info);
  }

  async #keepPace(): Promise<void> {
    const { burst, perSecond } = this.options.pace;
    const now = performance.now();
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) / 1_000) * perSecond);
    this.#filledAt = now;
    if (this.#tokens < 1) await pause(((1 - this.#tokens) / perSecond) * 1_000, this.#end.signal);
  }

  async #takeOne(consumer: Consumer): Promise<void> {
    this.#asking = await consumer.fetch({ max_messages: 1, expires: ASK_MS, idle_heartbeat: HEARTBEAT_MS });
    for await (const message of this.#asking) {
      this.#tokens -= 1;
      await this.#answer(message);
    }
  }

  async #answer(message: JsMsg): Promise<void> {
    const { connection, handle, logger } = this.options;
    const { source } = this;
    const text = message.string();
    try {
      const outcome = await handle({ source, text, deliveries: message.info.deliveryCount });
      if (outcome.park !== undefined)
        await park(connection, `ingest-${source}`, { subject: message.subject, reason: outcome.park, message: text });
      connection.nats.publish(ingestResultSubject(source), JSON.stringify(outcome.result));
      message.ack();
    } catch (error) {
      logger?.warn({ source, err: error }, 'a command of a source is not answered yet, will try again');
      message.nak(AGAIN_MS);
    }
  }
}
