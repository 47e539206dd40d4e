import { setImmediate } from 'node:timers/promises';
import type { NetworkFact, RecordedFact } from '#contracts/facts.js';
import { Unavailable } from '#contracts/errors.js';
import { addToDigest, type DeltaBody, formatDigest, type FullBody, type MessageHead } from '#contracts/node-stream.js';
import { checkGroup } from '#planner/check-group.js';
import { checkNode } from '#planner/check-node.js';
import { digests, prepareDigests } from '#planner/digests.js';
import { planChange } from '#planner/plan-change.js';
import { planNode } from '#planner/plan-node.js';
import type { ChangeGroup } from '#planner/plan.js';
import type { Violation } from '#planner/violation.js';
import type { NetworkState, NodeState } from '#topology/network-state.js';
import type { NodeStream } from './node-stream.port.js';
import { type History, toldNotStored } from './told-not-stored.js';

export interface PublisherOptions {
  stream: NodeStream;
  /** For repairs after a takeover. */
  history: History;
  /**
   * Whether this replica still holds the lease, or what comes out of it while that is in doubt: no batch is begun then, and
   * what is on its way waits.
   */
  mayPublish(): boolean | Promise<boolean>;
  /** After every batch; `bytes` before sealing. */
  onPublished?(batch: { messages: number; bytes: number; facts: number; logVersion: number }): void;
  /** The broker refuses a message for good; the node keeps what it holds. */
  onUndeliverable?(nodeId: string, error: unknown): void;
  /** A change that would break an invariant is not sent; the nodes keep what they hold. */
  onRefused(violations: Violation[]): void;
  /** Planning or publishing failed in a way that repeating does not cure: give the lease back and begin anew. */
  onFailed(error: unknown): void;
}

/** What the stream holds for a node, as far as this publisher knows. */
export interface NodeHead {
  revision: number;
  digest: bigint;
  logVersion: number;
  /** Revision of the stored full; 0: none that is known. */
  fullRevision: number;
}

/** The newest message that the stream holds for a node. */
export interface FoundHead extends MessageHead {
  /** Revision of the newest full; 0: there is none. */
  fullRevision: number;
}

/**
 * A full is kept fresh in the stream up to this size; larger ones are made when a node asks. Every 64th change rewrites the
 * fulls of all nodes: at this size that is another 256 bytes per node and change, at 1,000 nodes 4 KB and seconds of planning.
 */
const REFRESH_LIMIT_BYTES = 16 * 1024;
/** Planning goes on for so long at a time, milliseconds. */
const SLICE_MS = 20;
/** Fulls on their way at once: of 10,000 nodes each is 3 MB. */
const FULLS_AT_ONCE = 64;
/** Deltas after which a full is written again: half the ring, so that it never wraps over what a node needs. */
const REFRESH_AFTER = 64;

/**
 * Turns the facts of one network into sealed messages per node. It folds along always; it publishes only between
 * `lead` and `stop`. While a batch is in flight new facts wait, and then go out together as one delta per node.
 */
export class NetworkPublisher {
  #latest: NetworkState;
  #published: NetworkState | undefined;
  #pending: RecordedFact<NetworkFact>[] = [];
  #heads = new Map<string, NodeHead>();
  #wantsFull = new Set<string>();
  #overwritten = new Set<string>();
  /** What nodes said they hold where it is not what was published last: `<revision published> <digest held>`. */
  #doubtful = new Map<string, string>();
  #epoch = 0;
  #running: Promise<void> | undefined;

  constructor(
    state: NetworkState,
    private readonly options: PublisherOptions,
  ) {
    this.#latest = state;
  }

  get state(): NetworkState {
    return this.#latest;
  }

  get leading(): boolean {
    return this.#published !== undefined;
  }

  /** Whether something is on its way, or waits to be. */
  get busy(): boolean {
    return this.#running !== undefined || this.#isDue();
  }

  get heads(): ReadonlyMap<string, NodeHead> {
    return this.#heads;
  }

  /** Follows the log: `state` is the fold after `facts`. */
  advance(state: NetworkState, facts: RecordedFact<NetworkFact>[]): void {
    this.#latest = state;
    if (!this.leading) return;
    this.#pending.push(...facts);
    this.#wake();
  }

  /**
   * Works out ahead what `lead` needs, a little at a time: most of what a takeover would have to wait for.
   * @param pause awaited in between
   */
  async prepare(pause: () => Promise<void>): Promise<void> {
    const state = this.#latest;
    const breaks = new Breaks(pause);
    for (const node of state.nodes.values()) {
      prepareDigests(state, node);
      if (breaks.isDue()) await breaks.take();
    }
  }

  /**
   * Begins to publish under an epoch higher than any before.
   * @param found what the stream holds; nodes whose digest is right get nothing, others a delta where one can be made.
   * Those who may have been told what was never stored are told the digest.
   */
  async lead(epoch: number, found: ReadonlyMap<string, FoundHead>): Promise<void> {
    // A batch of an earlier time would mix its state with the new one.
    await this.stop();
    this.#epoch = epoch;
    this.#overwritten.clear();
    this.#pending = [];
    const target = this.#latest;
    this.#published = target;
    this.#heads = new Map();
    const storedAt = new Map<string, number>();
    const level: string[] = [];
    const behind = new Map<number, string[]>();
    const wanted = digests(target);
    for (const [nodeId, digest] of wanted) {
      const head = found.get(nodeId);
      const held = head ? BigInt(`0x${head.digest}`) : undefined;
      this.#heads.set(nodeId, {
        revision: head?.revision ?? 0,
        digest: held ?? 0n,
        logVersion: head?.logVersion ?? 0,
        fullRevision: head?.fullRevision ?? 0,
      });
      if (head) storedAt.set(nodeId, head.logVersion);
      if (held === digest) {
        level.push(nodeId);
        continue;
      }
      const from = head && head.logVersion < target.version ? head.logVersion : 0;
      const others = behind.get(from);
      if (others) others.push(nodeId);
      else behind.set(from, [nodeId]);
    }
    await this.#exclusively(async () => {
      const { history } = this.options;
      const doubtful = await toldNotStored({ storedAt, level, target, history });
      await this.#repair({ target, wanted, behind, doubtful });
    });
    this.#wake();
  }

  /** Ends publishing; what is in flight is awaited. */
  async stop(): Promise<void> {
    this.#published = undefined;
    await this.#running?.catch(() => {});
  }

  /** A node cannot follow from what the stream holds: it gets a full. */
  requestFull(nodeId: string): void {
    if (!this.leading || !this.#latest.nodes.has(nodeId)) return;
    this.#wantsFull.add(nodeId);
    this.#wake();
  }

  /**
   * A node says what it holds. Twice the same that is not what was published last, with nothing in flight: a message got lost
   * on a way that the node cannot see (the stream was made anew while it was away), so it gets a full.
   */
  noteHeld(nodeId: string, digest: string): void {
    const head = this.#heads.get(nodeId);
    if (!this.leading || !head || this.#running) return;
    if (digest === formatDigest(head.digest)) this.#doubtful.delete(nodeId);
    else if (this.#doubtful.get(nodeId) === `${head.revision} ${digest}`) {
      this.#doubtful.delete(nodeId);
      this.requestFull(nodeId);
    } else this.#doubtful.set(nodeId, `${head.revision} ${digest}`);
  }

  /**
   * What others stored since this publisher began, by the lowest epoch of each node's messages. A lower one than this one's
   * comes from a publisher that was deposed, and may lie where a newer one lay: who reads it finds out by what is told now.
   */
  noteStored(lowestEpochs: ReadonlyMap<string, number>): void {
    if (!this.leading) return;
    for (const [nodeId, epoch] of lowestEpochs)
      if (epoch < this.#epoch && this.#heads.has(nodeId)) this.#overwritten.add(nodeId);
    this.#wake();
  }

  /** Resolves when everything known so far is published (or publishing has ended). */
  async idle(): Promise<void> {
    while (this.#running) await this.#running.catch(() => {});
  }

  /** Goes on with what waits, after a time in which publishing was not allowed. */
  resume(): void {
    this.#wake();
  }

  #wake(): void {
    if (this.#running || !this.#isDue()) return;
    this.#exclusively(async () => {
      while (this.#published && this.#isDue()) {
        if (this.#pending.length > 0) await this.#publishPending(this.#published);
        else if (this.#overwritten.size > 0) await this.#announceOverwritten(this.#published);
        else await this.#publishFulls();
      }
    }).catch((error: unknown) => {
      this.#published = undefined;
      this.options.onFailed(error);
    });
  }

  async #exclusively(work: () => Promise<void>): Promise<void> {
    while (this.#running) await this.#running.catch(() => {});
    this.#running = work().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
    this.#wake();
  }

  /** Whether something waits and may go out. */
  #isDue(): boolean {
    const waits = this.#pending.length > 0 || this.#wantsFull.size > 0 || this.#overwritten.size > 0;
    return this.leading && waits && this.options.mayPublish() === true;
  }

  async #publishPending(before: NetworkState): Promise<void> {
    const facts = this.#pending;
    const after = this.#latest;
    this.#pending = [];
    const change = planChange(before, after, facts);
    const batch = new Batch();
    const breaks = new Breaks();
    for (const group of change.groups) {
      this.#sendDelta(batch, after, group);
      if (breaks.isDue()) await breaks.take();
    }
    // The plans of those who join take time: first everybody else is told of them.
    if (change.added.length > 0) await this.options.stream.told();
    let fulls = 0;
    for (const [nodeId, digest] of digests(after, change.added)) {
      this.#sendFull(batch, after, nodeId, { digest, revision: 1 });
      if (breaks.isDue()) await breaks.take();
      if (++fulls % FULLS_AT_ONCE === 0) await batch.sent();
    }
    await batch.sent();
    for (const nodeId of change.removedNodes) {
      this.#heads.delete(nodeId);
      this.#wantsFull.delete(nodeId);
      this.#doubtful.delete(nodeId);
      void this.options.stream.removeNode(nodeId);
    }
    if (this.#published) this.#published = after;
    this.options.onPublished?.({ ...batch.size, facts: facts.length, logVersion: after.version });
  }

  async #announceOverwritten(state: NetworkState): Promise<void> {
    const batch = new Batch();
    for (const nodeId of this.#overwritten) {
      const head = this.#heads.get(nodeId);
      if (head) this.#announce(batch, state, nodeId, head.digest);
    }
    this.#overwritten.clear();
    await batch.sent();
    this.options.onPublished?.({ ...batch.size, facts: 0, logVersion: state.version });
  }

  async #publishFulls(): Promise<void> {
    const state = this.#published ?? this.#latest;
    const batch = new Batch();
    const breaks = new Breaks();
    for (const nodeId of [...this.#wantsFull].slice(0, FULLS_AT_ONCE)) {
      this.#wantsFull.delete(nodeId);
      const head = this.#heads.get(nodeId);
      if (head && state.nodes.has(nodeId))
        this.#sendFull(batch, state, nodeId, { digest: head.digest, revision: Math.max(1, head.revision) });
      if (breaks.isDue()) await breaks.take();
    }
    await batch.sent();
    this.options.onPublished?.({ ...batch.size, facts: 0, logVersion: state.version });
  }

  /** Brings nodes whose head is not what it shall be to the target: by a delta from where they are, else by telling the digest. */
  async #repair({ target, wanted, behind, doubtful }: Repair): Promise<void> {
    const batch = new Batch();
    for (const [from, nodeIds] of behind) {
      const reached = new Set<string>();
      if (from > 0) {
        const before = await this.options.history.stateAt(from);
        const facts = (await this.options.history.factsAfter(from)).filter((fact) => fact.version <= target.version);
        for (const group of planChange(before, target, facts).groups) {
          // However long all of it takes, leases are renewed in between.
          await setImmediate();
          const recipients = nodeIds.filter((nodeId) => {
            const head = this.#heads.get(nodeId);
            return head && addToDigest(head.digest, group.digestChange) === wanted.get(nodeId);
          });
          const inGroup = new Set(group.nodeIds);
          const mended = recipients.filter((nodeId) => inGroup.has(nodeId));
          this.#sendDelta(batch, target, { ...group, nodeIds: mended });
          mended.forEach((nodeId) => reached.add(nodeId));
        }
      }
      for (const nodeId of nodeIds)
        if (!reached.has(nodeId)) this.#announce(batch, target, nodeId, wanted.get(nodeId) ?? 0n);
    }
    for (const nodeId of doubtful) this.#announce(batch, target, nodeId, wanted.get(nodeId) ?? 0n);
    await batch.sent();
    this.options.onPublished?.({ ...batch.size, facts: 0, logVersion: target.version });
  }

  #sendDelta(batch: Batch, state: NetworkState, group: ChangeGroup): void {
    if (group.nodeIds.length === 0 || this.#refused(checkGroup(state, group))) return;
    const body = encode({ upserts: group.upserts, removed: group.removed } satisfies DeltaBody);
    for (const nodeId of group.nodeIds) {
      const head = this.#heads.get(nodeId);
      if (!head) continue;
      head.revision += 1;
      head.digest = addToDigest(head.digest, group.digestChange);
      head.logVersion = state.version;
      this.#send(batch, state.nodes.get(nodeId), 'delta', body);
      if (head.revision - head.fullRevision >= REFRESH_AFTER && this.#fullSize(state) <= REFRESH_LIMIT_BYTES)
        this.#wantsFull.add(nodeId);
    }
  }

  /** An empty delta that says which digest is right: a node that holds another asks for a full. */
  #announce(batch: Batch, state: NetworkState, nodeId: string, digest: bigint): void {
    const head = this.#heads.get(nodeId);
    if (!head) return;
    head.revision += 1;
    head.digest = digest;
    head.logVersion = state.version;
    this.#send(batch, state.nodes.get(nodeId), 'delta', encode({ upserts: [], removed: [] } satisfies DeltaBody));
  }

  #sendFull(
    batch: Batch,
    state: NetworkState,
    nodeId: string,
    { digest, revision }: Pick<NodeHead, 'digest' | 'revision'>,
  ): void {
    const resources = planNode(state, nodeId);
    if (this.#refused(checkNode(state, nodeId, resources))) return;
    this.#heads.set(nodeId, { revision, digest, logVersion: state.version, fullRevision: revision });
    this.#send(batch, state.nodes.get(nodeId), 'full', encode({ resources } satisfies FullBody));
  }

  #refused(violations: Violation[]): boolean {
    if (violations.length > 0) this.options.onRefused(violations);
    return violations.length > 0;
  }

  #send(batch: Batch, node: NodeState | undefined, kind: MessageHead['kind'], body: Uint8Array): void {
    const head = node && this.#heads.get(node.nodeId);
    if (!head) return;
    const { revision, logVersion } = head;
    const message: MessageHead = { kind, epoch: this.#epoch, revision, logVersion, digest: formatDigest(head.digest) };
    const { nodeId, controlKey } = node;
    const isCurrent = this.options.mayPublish;
    const sent = this.options.stream.publish({ nodeId, controlKey, head: message, body, isCurrent });
    batch.add(
      sent.catch((error: unknown) => {
        // One node's message that the broker will never take (too large) must not keep the others from theirs.
        if (error instanceof Unavailable) throw error;
        this.options.onUndeliverable?.(node.nodeId, error);
      }),
      body.length,
    );
  }

  /** About what a full of this network weighs: a peer is some 250 bytes of JSON. */
  #fullSize(state: NetworkState): number {
    return state.nodes.size * 250;
  }
}

interface Repair {
  target: NetworkState;
  /** What every node's digest shall be. */
  wanted: ReadonlyMap<string, bigint>;
  /** Nodes whose head is wrong, by the log version that it says; 0: there is none. */
  behind: ReadonlyMap<number, string[]>;
  /** Nodes that are told what is right. */
  doubtful: readonly string[];
}

/** However long it takes to work out what to tell, everything else of this process gets its turn, above all the lease. */
class Breaks {
  #until = performance.now() + SLICE_MS;

  constructor(private readonly pause: () => Promise<void> = setImmediate) {}

  isDue(): boolean {
    return performance.now() > this.#until;
  }

  async take(): Promise<void> {
    await this.pause();
    this.#until = performance.now() + SLICE_MS;
  }
}

class Batch {
  readonly size = { messages: 0, bytes: 0 };
  #acks: Promise<void>[] = [];

  add(ack: Promise<void>, bytes: number): void {
    // It may fail before anybody waits for it, or when nobody will: that must not end the process.
    ack.catch(() => {});
    this.#acks.push(ack);
    this.size.messages += 1;
    this.size.bytes += bytes;
  }

  async sent(): Promise<void> {
    await Promise.all(this.#acks);
  }
}

const encoder = new TextEncoder();
const encode = (body: FullBody | DeltaBody) => encoder.encode(JSON.stringify(body));
