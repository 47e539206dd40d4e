import { type MessageHead, type NodeMessage } from '#contracts/node-stream.js';
import { nodeDeltaSubject, nodeFullSubject, NODES_PREFIX } from '#contracts/subjects.js';
import type { FoundHead } from '../../apps/topology-planner/src/publishing/network-publisher.js';
import type { NodeStream } from '../../apps/topology-planner/src/publishing/node-stream.port.js';
import type { Random } from './random.js';
import type { VirtualClock } from './virtual-clock.js';

/** How bad the way between broker and agents is. */
export interface Weather {
  /** Probability that a message, or a request or its answer, is lost. */
  loss: number;
  /** Probability that a message comes twice. */
  duplication: number;
  /** Each takes a time of its own up to this many milliseconds, so later ones overtake earlier ones. */
  delay: number;
}

/** How long a publisher waits for the broker's word before it sends again, milliseconds. */
const RETRY = 200;

const NEVER = new Promise<never>(() => {});

type Published = Parameters<NodeStream['publish']>[0];

/** The stream of the nodes, one message for each subject, and the live way past it. Messages are not sealed. */
export class SimulatedBroker {
  weather: Weather = { loss: 0, duplication: 0, delay: 0 };
  readonly #stored = new Map<string, NodeMessage>();
  readonly #heads = new Map<string, FoundHead>();
  readonly #live = new Map<string, (message: NodeMessage) => void>();

  constructor(
    private readonly clock: VirtualClock,
    private readonly random: Random,
  ) {}

  /** What a publisher writes through, as long as its process lives; then nothing more is sent, and nothing answered. */
  connect(isAlive: () => boolean): NodeStream {
    return {
      publish: (message) => this.#publish(message, isAlive),
      told: async () => {},
      removeNode: async (nodeId) => this.#remove(nodeId),
    };
  }

  subscribe(nodeId: string, receive: (message: NodeMessage) => void): () => void {
    this.#live.set(nodeId, receive);
    return () => this.#live.delete(nodeId);
  }

  /** The newest message of a subject. @throws when request or answer is lost */
  async read(subject: string): Promise<NodeMessage | undefined> {
    const { loss, delay } = this.weather;
    await this.clock.pause(this.random.between(0, delay));
    const found = this.#stored.get(subject);
    await this.clock.pause(this.random.between(0, delay));
    if (this.random.chance(loss)) throw new Error(`no answer for ${subject}`);
    return found;
  }

  /** What a publisher finds that takes over. */
  heads(): Map<string, FoundHead> {
    return new Map(this.#heads);
  }

  /** Told at once; stored when it succeeds: a living publisher loses nothing on this way, but what is sent again comes late. */
  async #publish({ nodeId, head, body }: Published, isAlive: () => boolean): Promise<void> {
    const message = { head, body: JSON.parse(new TextDecoder().decode(body)) } as NodeMessage;
    this.#sendLive(nodeId, message);
    await this.clock.pause(this.random.between(0, this.weather.delay));
    while (this.random.chance(this.weather.loss)) {
      if (!isAlive()) return NEVER;
      await this.clock.pause(RETRY);
    }
    // What a process that ended had told, but not sent to be stored.
    if (!isAlive() && this.random.chance(0.5)) return NEVER;
    this.#stored.set(head.kind === 'full' ? nodeFullSubject(nodeId) : nodeDeltaSubject(nodeId, head.revision), message);
    this.#noteHead(nodeId, head);
    if (!isAlive()) return NEVER;
  }

  #remove(nodeId: string): void {
    this.#heads.delete(nodeId);
    for (const subject of this.#stored.keys())
      if (subject.startsWith(`${NODES_PREFIX}.${nodeId}.`)) this.#stored.delete(subject);
  }

  #noteHead(nodeId: string, head: MessageHead): void {
    const known = this.#heads.get(nodeId);
    const fullRevision = head.kind === 'full' ? head.revision : (known?.fullRevision ?? 0);
    const newer = !known || head.epoch > known.epoch || (head.epoch === known.epoch && head.revision >= known.revision);
    if (newer) this.#heads.set(nodeId, { ...head, fullRevision });
  }

  #sendLive(nodeId: string, message: NodeMessage): void {
    const { loss, duplication, delay } = this.weather;
    const copies = this.random.chance(loss) ? 0 : this.random.chance(duplication) ? 2 : 1;
    for (let i = 0; i < copies; i++)
      this.clock.in(this.random.between(0, delay), () => this.#live.get(nodeId)?.(message));
  }
}
