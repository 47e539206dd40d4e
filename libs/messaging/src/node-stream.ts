import { setMaxListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import type { MsgHdrs } from '@nats-io/transport-node';
import { Unavailable } from '#contracts/errors.js';
import { formatHead, HEAD_HEADER, type MessageHead } from '#contracts/node-stream.js';
import { LIVE_PREFIX, nodeDeltaSubject, nodeFullSubject, NODES_PREFIX, RING, STREAMS } from '#contracts/subjects.js';
import type { ServiceConnection } from './connection.js';
import { publishDurably } from './durable-publish.js';
import { InFlightWindow } from './in-flight-window.js';
import { packBody } from './node-body.js';
import { NodeSealer } from './node-seal.js';
import { OwnTail } from './own-tail.js';
import { pause } from './pause.js';

export interface NodeStreamMessage {
  nodeId: string;
  /** The node's X25519 public key, base64. */
  controlKey: string;
  head: MessageHead;
  /** JSON of a `FullBody` or `DeltaBody`: serialised once, sealed for each node. */
  body: Uint8Array;
  /** Whether its publisher may publish still; asked whenever it goes out, however long it had to wait. */
  isCurrent: Currency;
}

/** While nobody knows, a promise: what asks waits for it. */
type Currency = () => boolean | Promise<boolean>;

interface Sealed {
  isCurrent: Currency;
  nodeId: string;
  head: MessageHead;
  /** Without the prefix that tells stored from live. */
  subject: string;
  data: Uint8Array;
  headers: MsgHdrs;
  /** Whether it went out live before it was stored. */
  told: boolean;
}

interface Queued {
  message: NodeStreamMessage;
  resolve(): void;
  reject(error: unknown): void;
}

/** Messages on their way into the stream at once. */
const WINDOW = 1_024;
/** Storing waits at most so long for the broker to pass on what was told, and as long again for it to reach the nodes, milliseconds. */
const PATIENCE_MS = 250;
/** Sealing goes on for so long at a time, milliseconds; then everything else of this process gets its turn. */
const SLICE_MS = 10;

/**
 * Controller side of the per-node stream: seals each message, tells the agent live, and stores it. All that are published
 * together are told before the first of them is stored (docs/adr/0010-told-then-stored.md).
 */
export class NodeStreamWriter {
  /** What it stored, for those who must know what the stream holds. */
  readonly tail = new OwnTail();
  readonly #sealer: NodeSealer;
  readonly #window = new InFlightWindow(WINDOW);
  readonly #removals = new InFlightWindow(1);
  readonly #closed = new AbortController();
  readonly #bodies = new WeakMap<Uint8Array, Uint8Array>();
  #queue: Queued[] = [];
  #telling: Promise<void> | undefined;

  /** @param sealingKey the controller's X25519 private key, base64 */
  constructor(
    private readonly connection: ServiceConnection,
    sealingKey: string,
  ) {
    this.#sealer = new NodeSealer(sealingKey);
    // Every message on its way listens to it.
    setMaxListeners(0, this.#closed.signal);
  }

  /**
   * Agrees on keys ahead (60 µs each), a little at a time, so that the first change after a start goes out at once.
   * @param pause awaited in between
   */
  async prepare(
    nodes: Iterable<{ nodeId: string; controlKey: string }>,
    pause: () => Promise<void> = setImmediate,
  ): Promise<void> {
    let count = 0;
    for (const { nodeId, controlKey } of nodes) {
      if (this.#closed.signal.aborted) return;
      this.#sealer.prepare(nodeId, controlKey);
      if (++count % 50 === 0) await pause();
    }
  }

  /**
   * Resolves when the broker has stored it; keeps trying while the broker is away. Without a message id: a message that is
   * stored twice is the same revision in the same place, and an agent that has it ignores it.
   * @throws Unavailable once closed, or when its publisher may not any more; RangeError when the node's key is none
   */
  publish(message: NodeStreamMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ message, resolve, reject });
      // Not at once: what else is published now goes out together with it.
      this.#telling ??= Promise.resolve().then(() => this.#tellAll());
    });
  }

  /** Resolves when everything published so far is on its way to the agents. */
  async told(): Promise<void> {
    await this.#telling;
  }

  async #tellAll(): Promise<void> {
    const stores: (() => void)[] = [];
    const began = performance.now();
    let until = began + SLICE_MS;
    for (let next = 0; next < this.#queue.length; next++) {
      const { message, resolve, reject } = this.#queue[next]!;
      try {
        if (message.isCurrent() !== true) await untilCurrent(message.isCurrent);
        const sealed = this.#seal(message);
        sealed.told = this.#tell(sealed);
        stores.push(() => void this.#window.run(() => this.#store(sealed)).then(resolve, reject));
      } catch (error) {
        reject(error);
      }
      if (performance.now() > until) {
        await setImmediate();
        until = performance.now() + SLICE_MS;
      }
    }
    this.#queue = [];
    this.#telling = undefined;
    const tookMs = performance.now() - began;
    // The broker has work with a change for many: until that is done, nothing of ours takes its processors.
    await this.connection.taken(PATIENCE_MS);
    // It answers when every message waits at its node's socket, and writes to a thousand of them then: about as long as telling took.
    if (tookMs > SLICE_MS) await pause(Math.min(tookMs, PATIENCE_MS), this.#closed.signal);
    for (const store of stores) store();
  }

  #seal({ nodeId, controlKey, head, body, isCurrent }: NodeStreamMessage): Sealed {
    const headText = formatHead(head);
    const stored = head.kind === 'full' ? nodeFullSubject(nodeId) : nodeDeltaSubject(nodeId, head.revision);
    return {
      nodeId,
      head,
      subject: stored.slice(NODES_PREFIX.length),
      data: this.#sealer.seal(nodeId, controlKey, headText, this.#packed(body)),
      headers: headOnly(headText),
      told: false,
      isCurrent,
    };
  }

  /** @returns false when there is nobody to tell it to now */
  #tell({ subject, data, headers }: Sealed): boolean {
    if (this.connection.status !== 'connected') return false;
    this.connection.nats.publish(LIVE_PREFIX + subject, data, { headers });
    return true;
  }

  async #store(sealed: Sealed): Promise<void> {
    const { subject, data, headers, nodeId, head, told } = sealed;
    // Its successor may have stored something there: what is late by a pause or an outage must not replace it.
    const beforeAttempt = () => untilCurrent(sealed.isCurrent);
    const message = { subject: NODES_PREFIX + subject, data, headers, beforeAttempt };
    const { sequence, attempts } = await publishDurably(this.connection, message, this.#closed.signal);
    if (attempts > 1) this.tail.lose();
    else this.tail.stored({ sequence, nodeId, head });
    // The broker was away meanwhile, so nobody may have heard it.
    if (!told || attempts > 1) this.#tell(sealed);
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

async function untilCurrent(isCurrent: Currency): Promise<void> {
  for (let is = isCurrent(); is !== true; is = isCurrent())
    if (!(await is)) throw new Unavailable('log', 'another replica may publish for this network by now');
}

/** The client asks headers for nothing but their bytes when it publishes; these are made once for both ways of a message. */
function headOnly(headText: string): MsgHdrs {
  const bytes = Buffer.from(`NATS/1.0\r\n${HEAD_HEADER}: ${headText}\r\n\r\n`);
  return { encode: () => bytes } as unknown as MsgHdrs;
}
