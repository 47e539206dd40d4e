import { foldMessage, type NodeSet } from '#contracts/node-fold.js';
import type { NodeMessage } from '#contracts/node-stream.js';
import { nodeDeltaSubject, nodeFullSubject } from '#contracts/subjects.js';
import type { SimulatedBroker } from './broker.js';
import type { Random } from './random.js';
import type { VirtualClock } from './virtual-clock.js';

export interface AgentSurroundings {
  clock: VirtualClock;
  random: Random;
  broker: SimulatedBroker;
  /** Asks whoever publishes for a full. */
  askForFull(): void;
  /** Tells whoever publishes what is held. */
  heartbeat(held: NodeSet): void;
  onFolded(set: NodeSet): void;
  /** A message that follows what is held, of the same publisher, leads elsewhere than it says. */
  onMismatch(message: NodeMessage): void;
}

const LOOK_EVERY = 60_000;
const HEARTBEAT_EVERY = 30_000;
const PAUSE = { first: 50, longest: 10_000 };

/**
 * An agent without a kernel: live messages as long as they lead on, else the ring, else the full and the ring after it
 * (docs/nats.md). What it holds survives its crashes.
 */
export class SimulatedAgent {
  held: NodeSet | undefined;
  /** Raised by every crash: what was awaited in an earlier life is forgotten. */
  #life = 0;
  #reading = false;
  #again = false;
  #waiting: NodeMessage[] = [];
  #unsubscribe = () => {};

  constructor(
    readonly nodeId: string,
    private readonly around: AgentSurroundings,
  ) {}

  start(): void {
    const life = ++this.#life;
    this.#reading = false;
    this.#waiting = [];
    this.#unsubscribe = this.around.broker.subscribe(this.nodeId, (message) => this.#onLive(message));
    this.#lookAgain();
    this.#every(LOOK_EVERY, life, () => this.#lookAgain());
    this.#every(HEARTBEAT_EVERY, life, () => this.held && this.around.heartbeat(this.held));
  }

  stop(): void {
    this.#life++;
    this.#unsubscribe();
  }

  #onLive(message: NodeMessage): void {
    if (!this.#reading && this.#fold(message) !== 'resync') return;
    this.#waiting.push(message);
    this.#lookAgain();
  }

  /** Again and again in this life, after one to one and a half times so many milliseconds. */
  #every(pause: number, life: number, action: () => void): void {
    this.around.clock.in(this.around.random.between(1, 1.5) * pause, () => {
      if (life !== this.#life) return;
      action();
      this.#every(pause, life, action);
    });
  }

  #lookAgain(): void {
    if (this.#reading) this.#again = true;
    else void this.#catchUp(this.#life);
  }

  async #catchUp(life: number): Promise<void> {
    this.#reading = true;
    for (let attempt = 0; ; attempt++) {
      this.#again = false;
      const level = await this.#read(life);
      if (life !== this.#life) return;
      if (level && !this.#again) break;
      if (level) continue;
      this.around.askForFull();
      await this.around.clock.pause(Math.min(PAUSE.first * 2 ** attempt, PAUSE.longest));
      if (life !== this.#life) return;
    }
    this.#reading = false;
  }

  /** @returns whether everything that came live is folded or old */
  async #read(life: number): Promise<boolean> {
    try {
      let level = await this.#readRing(life);
      if (!level) {
        const full = await this.around.broker.read(nodeFullSubject(this.nodeId));
        if (life !== this.#life) return false;
        if (full && this.#fold(full) === 'folded') level = await this.#readRing(life);
      }
      return life === this.#life && this.#drain() && level;
    } catch {
      return false;
    }
  }

  /** @returns whether the deltas lead from what is held to the end of the ring */
  async #readRing(life: number): Promise<boolean> {
    while (this.held) {
      const { epoch, revision } = this.held;
      const delta = await this.around.broker.read(nodeDeltaSubject(this.nodeId, revision + 1));
      if (life !== this.#life) return false;
      if (!delta || (delta.head.revision <= revision && delta.head.epoch <= epoch)) return true;
      if (delta.head.revision !== revision + 1 || this.#fold(delta) !== 'folded') return false;
    }
    return false;
  }

  #drain(): boolean {
    this.#waiting.sort((a, b) => a.head.epoch - b.head.epoch || a.head.revision - b.head.revision);
    this.#waiting = this.#waiting.filter((message) => this.#fold(message) === 'resync');
    return this.#waiting.length === 0;
  }

  #fold(message: NodeMessage): 'folded' | 'stale' | 'resync' {
    const folded = foldMessage(this.held, message);
    if (folded.outcome === 'folded') {
      this.held = folded.set;
      this.around.onFolded(folded.set);
    } else if (folded.outcome === 'resync' && folded.reason === 'digest_mismatch') {
      if (this.held?.epoch === message.head.epoch) this.around.onMismatch(message);
    }
    return folded.outcome;
  }
}
