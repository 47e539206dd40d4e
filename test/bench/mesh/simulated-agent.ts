import {
  addToDigest,
  EMPTY_DIGEST,
  formatDigest,
  type NodeMessage,
  removeFromDigest,
  type Resource,
} from '#contracts/node-stream.js';
import type { Position, Verdict } from '#messaging/node-follower.js';
import type { KnownResource, ResourceBook } from './resource-book.js';

/**
 * Folds as `foldMessage` of contracts does (the spec compares them) and holds exactly the same set, as bits: ten thousand
 * agents that hold ten thousand peers each must fit into one process.
 */
export class SimulatedAgent {
  #held: Position | undefined;
  #digest = EMPTY_DIGEST;
  #bits = new Uint32Array(8);
  #peers = 0;
  #changedInPlace = false;

  /** @param onHeld called for every resource that is new or has another body, once the message it came with was taken */
  constructor(
    private readonly book: ResourceBook,
    private readonly onHeld: (resource: Resource) => void = () => {},
  ) {}

  get position(): Position | undefined {
    return this.#held;
  }

  get digest(): string {
    return formatDigest(this.#digest);
  }

  /** Whether the message that was taken last changed what was there (`changesInPlace`). */
  get changedInPlace(): boolean {
    return this.#changedInPlace;
  }

  /** Peers held. */
  get peers(): number {
    return this.#peers;
  }

  /** Takes over what an agent has on its disk: these resources, and what `like` holds, less `without`. */
  recall(position: Position, disk: Disk): void {
    this.#held = position;
    if (disk.like) {
      this.#bits = disk.like.#bits.slice();
      this.#digest = disk.like.#digest;
      this.#peers = disk.like.#peers;
    }
    for (const resource of disk.without ?? []) this.#drop([this.book.learn(resource)], []);
    for (const resource of disk.resources) this.#add(this.book.learn(resource));
  }

  onMessage({ head, body }: NodeMessage): Verdict {
    const held = this.#held;
    if (held && (head.epoch < held.epoch || (head.epoch === held.epoch && head.revision <= held.revision)))
      return 'stale';
    const isFull = 'resources' in body;
    if (!isFull && !held) return 'no_state';
    const gap = !isFull && held !== undefined && head.revision > held.revision + 1;
    if (gap && head.epoch === held.epoch) return 'gap';
    const changesInPlace =
      isFull || body.upserts.some(({ name }) => this.book.named(name).some((known) => this.#has(known)));
    const before = { bits: isFull ? this.#bits : undefined, digest: this.#digest, peers: this.#peers };
    const changes = isFull ? this.#replace(body.resources) : this.#change(body.upserts, body.removed);
    if (this.digest !== head.digest) {
      if (before.bits) this.#bits = before.bits;
      else for (const { known, added } of changes.reverse()) this.#set(known, !added);
      this.#digest = before.digest;
      this.#peers = before.peers;
      return gap ? 'gap' : 'digest_mismatch';
    }
    this.#held = { epoch: head.epoch, revision: head.revision };
    this.#changedInPlace = changesInPlace;
    for (const { known, added } of changes) if (added) this.onHeld(known.resource);
    return 'folded';
  }

  #replace(resources: Resource[]): Change[] {
    this.#bits = new Uint32Array(this.#bits.length);
    this.#digest = EMPTY_DIGEST;
    this.#peers = 0;
    return this.#change(resources, []);
  }

  #change(upserts: Resource[], removed: string[]): Change[] {
    const changes: Change[] = [];
    for (const name of removed) this.#drop(this.book.named(name), changes);
    for (const resource of upserts) {
      const known = this.book.learn(resource);
      if (this.#has(known)) continue;
      this.#drop(known.sameName, changes);
      this.#add(known);
      changes.push({ known, added: true });
    }
    return changes;
  }

  #drop(bodies: KnownResource[], changes: Change[]): void {
    for (const known of bodies) {
      if (!this.#has(known)) continue;
      this.#set(known, false);
      this.#digest = removeFromDigest(this.#digest, known.hash);
      if (known.isPeer) this.#peers -= 1;
      changes.push({ known, added: false });
    }
  }

  #add(known: KnownResource): void {
    this.#set(known, true);
    this.#digest = addToDigest(this.#digest, known.hash);
    if (known.isPeer) this.#peers += 1;
  }

  #has({ id }: KnownResource): boolean {
    return ((this.#bits[id >> 5] ?? 0) & (1 << (id & 31))) !== 0;
  }

  #set({ id }: KnownResource, value: boolean): void {
    const word = id >> 5;
    if (word >= this.#bits.length) {
      const longer = new Uint32Array(Math.max(word + 1, this.#bits.length * 2));
      longer.set(this.#bits);
      this.#bits = longer;
    }
    const mask = 1 << (id & 31);
    this.#bits[word] = value ? (this.#bits[word] ?? 0) | mask : (this.#bits[word] ?? 0) & ~mask;
  }
}

export interface Disk {
  resources: Iterable<Resource>;
  like?: SimulatedAgent;
  without?: Resource[];
}

interface Change {
  known: KnownResource;
  added: boolean;
}
