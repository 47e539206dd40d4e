import type { ProbeResource, Resource } from '#contracts/node-stream.js';
import type { GatewayProbe, ProbeReport } from '#contracts/reports.js';
import type { ProbeOutcome, ProbeTarget } from './probe-target.js';

const EVERY_MS = 500;
/** Of a large mesh this is the dearest part, and handshakes come every two minutes. */
const LOOK_AT_HANDSHAKES_MS = 2_000;

export interface ProbeRunnerParts {
  probe(target: ProbeTarget): Promise<ProbeOutcome>;
  /** Unix seconds of the newest handshake with any peer; null: none yet. */
  newestHandshake(): Promise<number | null>;
  report(report: ProbeReport): void;
}

/**
 * The sign of life of a gateway's member: twice a second, what its probes found. A round begins when the one before it has
 * ended, so nothing piles up. A node without gateways says nothing.
 */
export class ProbeRunner {
  #probes: ProbeResource[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;
  #handshake: { at: number | null; readAt: number } = { at: null, readAt: -Infinity };

  constructor(private readonly parts: ProbeRunnerParts) {}

  /** From now on these; the first round begins at once. */
  follow(resources: Iterable<Resource>): void {
    this.#probes = [...resources].filter(isProbe);
    if (this.#probes.length > 0 && !this.#isRunning) void this.#round();
  }

  stop(): void {
    this.#probes = [];
    clearTimeout(this.#timer);
    this.#isRunning = false;
  }

  async #round(): Promise<void> {
    this.#isRunning = true;
    const began = performance.now();
    const [handshakeAge, ...gateways] = await Promise.all([
      this.#handshakeAge(),
      ...this.#probes.map((probe) => this.#try(probe)),
    ]);
    if (this.#probes.length === 0) {
      this.#isRunning = false;
      return;
    }
    this.parts.report({ gateways, handshakeAge });
    const left = Math.max(0, EVERY_MS - (performance.now() - began));
    this.#timer = setTimeout(() => void this.#round(), left);
  }

  async #try({ name, address, port }: ProbeResource): Promise<GatewayProbe> {
    const gatewayId = name.slice('probe/'.length);
    if (address === null) return { gatewayId, ok: true, detail: 'nothing to try' };
    return { gatewayId, ...(await this.parts.probe({ address, port })) };
  }

  async #handshakeAge(): Promise<number | null> {
    if (performance.now() - this.#handshake.readAt >= LOOK_AT_HANDSHAKES_MS) {
      const at = await this.parts.newestHandshake().catch(() => null);
      this.#handshake = { at, readAt: performance.now() };
    }
    const { at } = this.#handshake;
    return at === null ? null : Math.max(0, Math.round(Date.now() / 1000 - at));
  }
}

const isProbe = (resource: Resource): resource is ProbeResource => resource.name.startsWith('probe/');
