import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../simulation/random.js';
import { type Frame, FrameReader } from './nats-frames.js';

/** What a line does to what it carries, both ways. */
export interface LineWeather {
  /** Each frame takes up to this many milliseconds; frames of one connection stay in order, those of others overtake them. */
  delayMs: number;
  /** Probability that a message comes twice. */
  duplication: number;
}

export const FAIR: LineWeather = { delayMs: 0, duplication: 0 };

/** A way to one broker over which somebody connects, without TLS: it may be slow, say things twice, hang, or be cut. */
export class BadLine {
  weather = FAIR;
  #isCut = false;
  /** Pending while it hangs. */
  #passable: Promise<void> = Promise.resolve();
  #release = () => {};
  readonly #sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    /** URL of the broker. */
    readonly target: string,
    private readonly random: Random,
  ) {
    server.on('connection', (near) => this.#carry(near));
  }

  /** @param path of a Unix socket to connect to instead of a port */
  static async open(target: string, random: Random, path?: string): Promise<BadLine> {
    const server = createServer().listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path });
    await once(server, 'listening');
    return new BadLine(server, target, random);
  }

  /** Whoever connects here gets to the broker; not for one that has a path. */
  get url(): string {
    return `nats://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Nothing gets through, and nobody is told: it comes later. */
  hang(): void {
    this.#release();
    this.#passable = new Promise((resolve) => (this.#release = resolve));
  }

  /** All connections end, and there are no new ones. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.weather = FAIR;
    this.#isCut = false;
    this.#release();
  }

  async close(): Promise<void> {
    this.cut();
    this.#release();
    this.server.close();
    await once(this.server, 'close');
  }

  #carry(near: Socket): void {
    const { hostname, port } = new URL(this.target);
    const far = connect(Number(port), hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.setNoDelay();
      this.#sockets.add(one);
      one.on('error', () => undefined);
      one.once('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      this.#pass(one, other);
    }
    if (this.#isCut) near.destroy();
  }

  #pass(from: Socket, to: Socket): void {
    const reader = new FrameReader();
    let last = Promise.resolve();
    from.on('data', (chunk: Buffer) => {
      for (const frame of reader.read(chunk)) {
        const due = performance.now() + this.random.between(0, this.weather.delayMs);
        for (let i = 0; i < this.#copies(frame); i++) last = last.then(() => this.#deliver(frame, due, to));
      }
    });
  }

  async #deliver({ bytes }: Frame, due: number, to: Socket): Promise<void> {
    const early = due - performance.now();
    if (early > 0) await sleep(early);
    await this.#passable;
    if (to.writable) to.write(bytes);
  }

  /** Of messages of ours: what a client asks of JetStream itself a broker never hears twice. */
  #copies({ subject }: Frame): number {
    return subject?.startsWith('tombolo.') && this.random.chance(this.weather.duplication) ? 2 : 1;
  }
}
