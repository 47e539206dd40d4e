import { setMaxListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { formatHead, HEAD_HEADER, type MessageHead } from '#contracts/node-stream.js';
import { nodeDeltaSubject, nodeFullSubject, RING, STREAMS } from '#contracts/subjects.js';
import type { ServiceConnection } from './connection.js';
import { publishDurably } from './durable-publish.js';
import { InFlightWindow } from './in-flight-window.js';
import { packBody } from './node-body.js';
import { NodeSealer } from './node-seal.js';
import { pause } from './pause.js';

export interface NodeStreamMessage {
  nodeId: string;
  /** The node's X25519 public key, base64. */
  controlKey: string;
  head: MessageHead;
  /** JSON of a `FullBody` or `DeltaBody`: serialised once, sealed for each node. */
  body: Uint8Array;
}

/** Messages on their way to the broker at once. */
const WINDOW = 1_024;

/** Controller side of the per-node stream: seals and stores; the broker republishes to the agents. */
export class NodeStreamWriter {
  readonly #sealer: NodeSealer;
  readonly #window = new InFlightWindow(WINDOW);
  readonly #removals = new InFlightWindow(1);
  readonly #closed = new AbortController();
  readonly #bodies = new WeakMap<Uint8Array, Uint8Array>();
  #lastSequence = 0;

  /** @param sealingKey the controller's X25519 private key, base64 */
  constructor(
    private readonly connection: ServiceConnection,
    sealingKey: string,
  ) {
    this.#sealer = new NodeSealer(sealingKey);
    // Every message on its way listens to it.
    setMaxListeners(0, this.#closed.signal);
  }

  /** Highest sequence acknowledged so far: up to where a checkpoint of the heads may reach. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** Agrees on keys ahead (60 µs each), a little at a time, so that the first change after a start goes out at once. */
  async prepare(nodes: Iterable<{ nodeId: string; controlKey: string }>): Promise<void> {
    let count = 0;
    for (const { nodeId, controlKey } of nodes) {
      if (this.#closed.signal.aborted) return;
      this.#sealer.prepare(nodeId, controlKey);
      if (++count % 50 === 0) await setImmediate();
    }
  }

  /**
   * Resolves when the broker has stored it; keeps trying while the broker is away. Without a message id: a message that is
   * stored twice is the same revision in the same place, and an agent that has it ignores it.
   * @throws Unavailable once closed
   */
  publish({ nodeId, controlKey, head, body }: NodeStreamMessage): Promise<void> {
    return this.#window.run(async () => {
      const headText = formatHead(head);
      const { sequence } = await publishDurably(
        this.connection,
        {
          subject: head.kind === 'full' ? nodeFullSubject(nodeId) : nodeDeltaSubject(nodeId, head.revision),
          data: this.#sealer.seal(nodeId, controlKey, headText, this.#packed(body)),
          headers: { [HEAD_HEADER]: headText },
        },
        this.#closed.signal,
      );
      this.#lastSequence = Math.max(this.#lastSequence, sequence);
    });
  }

  /** Packed once, however many nodes it goes to. */
  #packed(body: Uint8Array): Uint8Array {
    let packed = this.#bodies.get(body);
    if (!packed) this.#bodies.set(body, (packed = packBody(body)));
    return packed;
  }

  /** Removes whatever the stream holds of a node that is gone; nobody has to wait for it. Gives up only when closed. */
  async removeNode(nodeId: string): Promise<void> {
    this.#sealer.forget(nodeId);
    await this.#removals.run(async () => {
      while (!this.#closed.signal.aborted) {
        try {
          return await this.#deleteMessages(nodeId);
        } catch {
          await pause(1_000, this.#closed.signal);
        }
      }
    });
  }

  /** Publishes and removals that wait for a broker give up. */
  close(): void {
    this.#closed.abort();
  }

  /** One by one, because a purge by subject reads the whole stream and blocks it: 265 ms at 300,000 messages, against 10. */
  async #deleteMessages(nodeId: string): Promise<void> {
    const { direct, streams } = await this.connection.manager();
    const slots = Array.from({ length: RING }, (_, slot) => nodeDeltaSubject(nodeId, slot));
    await Promise.all(
      [nodeFullSubject(nodeId), ...slots].map(async (subject) => {
        const found = await direct.getMessage(STREAMS.nodes, { last_by_subj: subject });
        if (found) await streams.deleteMessage(STREAMS.nodes, found.seq, false);
      }),
    );
  }
}
