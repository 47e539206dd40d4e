import { setMaxListeners } from 'node:events';
import type { RecordedFact } from '#contracts/facts.js';
import { SYSTEM_STREAM } from '#contracts/names.js';
import { eventSubject, STREAMS } from '#contracts/subjects.js';
import type { FactPublisher } from '#event-store/core/fact-publisher.js';
import type { EventStore } from '#event-store/core/event-store.js';
import type { ServiceConnection } from './connection.js';
import { headersOf } from './acked-publisher.js';
import { type DurableMessage, publishDurably } from './durable-publish.js';
import { toCloudEvent } from './fact-cloud-event.js';
import { MAC_HEADER } from './service-mac.js';
import { streamGeneration } from './streams.js';

/** The outbox lets go of its lock when this takes longer; what is left goes out with the next try. */
export const GIVE_UP_AFTER_MS = 7_000;

/** Publishes facts to the stream of events, each under its network's name, in the order given. */
export class JetStreamFactPublisher implements FactPublisher {
  readonly #names = new Map<string, string>([[SYSTEM_STREAM, SYSTEM_STREAM]]);

  constructor(
    private readonly connection: ServiceConnection,
    private readonly store: EventStore,
  ) {}

  async publish(facts: RecordedFact[]): Promise<void> {
    const signal = AbortSignal.timeout(GIVE_UP_AFTER_MS);
    setMaxListeners(0, signal);
    const first = facts[0];
    if (!first) return;
    const network = await this.#nameOf(first.stream);
    // Sent in one go on one connection, so they are stored in this order; a repeated one is dropped by its id.
    await Promise.all(
      facts.map((fact) => {
        const message = provenFact(this.connection, fact, network);
        return publishDurably(this.connection, { ...message, messageId: `${fact.stream}:${fact.version}` }, signal);
      }),
    );
  }

  generation(): Promise<string> {
    return streamGeneration(this.connection, STREAMS.events);
  }

  /** A network keeps the name it was created with. */
  async #nameOf(stream: string): Promise<string> {
    const known = this.#names.get(stream);
    if (known !== undefined) return known;
    const [created] = await this.store.read(stream, { limit: 1 });
    if (created?.type !== 'NetworkCreated') throw new Error(`stream ${stream} does not begin with NetworkCreated`);
    this.#names.set(stream, created.data.name);
    return created.data.name;
  }
}

/** A fact as it is published: network, version and content are in the body, which the proof covers with the subject. */
export function provenFact({ mac }: ServiceConnection, fact: RecordedFact, network: string): DurableMessage {
  const subject = eventSubject(network, fact.type);
  const data = toCloudEvent(fact, network);
  return { subject, data, headers: headersOf({ [MAC_HEADER]: mac.prove({ kind: 'fact', subject, body: data }) }) };
}
