import type { MessageHead } from '#contracts/node-stream.js';
import { type NodeHead, noteHead } from './note-head.js';

/** Acknowledgements overtake each other by no more than what is on its way at once. */
const MOST_EARLY = 4_096;

interface Stored {
  sequence: number;
  nodeId: string;
  head: MessageHead;
}

/**
 * The end of the stream as one writer knows it from its own acknowledgements: as long as their sequences follow each other, nobody
 * else wrote, and the heads are known without reading what was just written.
 */
export class OwnTail {
  #from = 0;
  #to = 0;
  #whole = false;
  /** What was stored while the stream was read. */
  #meanwhile: Stored[] | undefined;
  readonly #early = new Set<number>();
  readonly #heads = new Map<string, NodeHead>();

  /** Somebody begins to read the stream up to an end that will be known later. */
  reading(): void {
    this.#whole = false;
    this.#meanwhile = [];
  }

  /** The stream is known up to here. */
  begin(sequence: number): void {
    const meanwhile = this.#meanwhile ?? [];
    this.#meanwhile = undefined;
    this.#from = this.#to = sequence;
    this.#early.clear();
    this.#heads.clear();
    this.#whole = true;
    for (const stored of meanwhile) if (stored.sequence > sequence) this.stored(stored);
  }

  stored(stored: Stored): void {
    if (this.#meanwhile) this.#meanwhile.push(stored);
    if (!this.#whole) return;
    // A broker that lost the end of the stream counts on from before it.
    if (stored.sequence <= this.#to || this.#early.size > MOST_EARLY) return this.lose();
    noteHead(this.#heads, stored.nodeId, stored.head);
    this.#early.add(stored.sequence);
    while (this.#early.delete(this.#to + 1)) this.#to += 1;
  }

  /** What the stream holds at its end is not certain any more. */
  lose(): void {
    this.#whole = false;
    this.#early.clear();
    this.#heads.clear();
  }

  /** Whether all up to a sequence, which the broker knows to be the end, is known from here; with others about it never is. */
  covers(end: number): boolean {
    return this.#whole && this.#early.size === 0 && this.#to >= end;
  }

  /** What was stored after `sequence`, and up to where; undefined when the stream has to be read. Goes on from there. */
  take(sequence: number): { sequence: number; heads: ReadonlyMap<string, NodeHead> } | undefined {
    if (!this.#whole || this.#early.size > 0 || this.#from !== sequence) return undefined;
    const taken = { sequence: this.#to, heads: new Map(this.#heads) };
    this.begin(this.#to);
    return taken;
  }
}
