import type { Endpoint } from '#contracts/facts.js';
import type { PeerResource, Resource } from '#contracts/node-stream.js';
import type { ObservedReport } from '#contracts/reports.js';
import { isPeer } from '#wireguard/core/desired-device.js';
import type { LinkWatch } from './link-watch.js';
import { readLinks } from './read-links.js';

export interface ObserverParts {
  watch: LinkWatch;
  /** `wg show IF dump`. */
  dump(): Promise<string>;
  roundTrip(address: string): Promise<number | null>;
  /** Between which addresses a relay forwards. */
  forwarded: { set(isRelay: boolean): void; read(): Promise<[string, string][]>; stop(): void };
  ownEndpoints(): Promise<Endpoint[]>;
  report(body: ObservedReport): void;
  /** Milliseconds of a clock that never jumps. */
  now(): number;
}

const LOOK_MS = 1_000;
/** So soon a pair that talks through this node may try to do without it. */
const RELAY_LOOK_MS = 3_000;
/** Its traffic is told again after so long. */
const PAIR_AGAIN_MS = 30_000;
/** One message in so long, unless a watched link changes. */
export const REPORT_MS = 10_000;
/** Round trips measured between two reports, besides those of watched links. */
const MEASURED = 8;
const MOST_PAIRS = 100;

/**
 * Sees what the node's links are like, and tells what is new. It looks every second while a path is on trial or a proven one
 * has to be watched, every three while it relays, every ten otherwise.
 */
export class Observer {
  #peers: PeerResource[] = [];
  #byAddress = new Map<string, string>();
  #endpoints: Endpoint[] = [];
  #toldEndpoints = '';
  readonly #toldPairs = new Map<string, number>();
  #lookedAt = -Infinity;
  #reportedAt = -Infinity;
  #isRelay = false;
  #next = 0;
  #looking = false;
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly parts: ObserverParts) {
    this.#timer = setInterval(() => void this.look(), LOOK_MS);
  }

  /** The set that the node holds now. */
  follow(resources: Iterable<Resource>): void {
    const all = [...resources];
    this.#peers = all.filter(isPeer);
    this.#isRelay = all.some(({ name }) => name === 'filter/relay');
    this.#byAddress = new Map(
      this.#peers.flatMap(({ name, allowedIps }) =>
        allowedIps.map((prefix): [string, string] => [prefix.replace(/\/(32|128)$/, ''), name.slice('peer/'.length)]),
      ),
    );
    this.parts.forwarded.set(this.#isRelay);
  }

  /** Whoever listens has not heard what was told before. */
  connected(): void {
    this.parts.watch.tellAll();
    this.#toldEndpoints = '';
  }

  /** Looks, if it is time to, and reports what is new. */
  async look(): Promise<void> {
    const { now } = this.parts;
    const every = this.#peers.some(isCloselyWatched) ? LOOK_MS / 2 : this.#isRelay ? RELAY_LOOK_MS : REPORT_MS;
    if (this.#looking || now() - this.#lookedAt < every) return;
    this.#looking = true;
    this.#lookedAt = now();
    try {
      await this.#lookOnce();
    } catch {
      // A device that does not answer is the converger's concern; there is nothing to tell of it.
    } finally {
      this.#looking = false;
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    this.parts.forwarded.stop();
  }

  async #lookOnce(): Promise<void> {
    const { watch, dump, now } = this.parts;
    watch.look(readLinks(await dump(), this.#peers), now());
    for (const peer of this.#peers.filter(isProven)) void this.#measure(peer);
    const isDue = now() - this.#reportedAt >= REPORT_MS;
    if (isDue) await this.#lookAround();
    const pairs = this.#isRelay ? await this.#newPairs() : [];
    if (isDue || pairs.length > 0 || watch.isUrgent(now())) this.#report(pairs);
  }

  #report(forwarded: [string, string][]): void {
    const { watch, now, report } = this.parts;
    const peers = watch.news(now());
    const endpoints = JSON.stringify(this.#endpoints);
    if (peers.length === 0 && forwarded.length === 0 && endpoints === this.#toldEndpoints) return;
    this.#toldEndpoints = endpoints;
    this.#reportedAt = now();
    report({ endpoints: this.#endpoints, peers, forwarded });
  }

  /** What need not be seen every second: own addresses, and how far the others are, some at a time. */
  async #lookAround(): Promise<void> {
    this.#endpoints = (await this.parts.ownEndpoints()).slice(0, 16);
    const reachable = this.#peers.filter(({ endpoint, via }) => endpoint !== null && via === undefined);
    for (let i = 0; i < Math.min(MEASURED, reachable.length); i++) {
      const peer = reachable[this.#next++ % reachable.length];
      if (peer) void this.#measure(peer);
    }
  }

  async #measure({ name, allowedIps }: PeerResource): Promise<void> {
    const address = allowedIps.find((prefix) => /\/(32|128)$/.test(prefix))?.replace(/\/\d+$/, '');
    const rtt = address === undefined ? null : await this.parts.roundTrip(address);
    if (rtt !== null) this.parts.watch.measured(name.slice('peer/'.length), rtt);
  }

  /** Pairs that were not told lately. */
  async #newPairs(): Promise<[string, string][]> {
    const now = this.parts.now();
    for (const [key, at] of this.#toldPairs) if (now - at >= PAIR_AGAIN_MS) this.#toldPairs.delete(key);
    const pairs = new Map<string, [string, string]>();
    for (const ends of await this.parts.forwarded.read()) {
      const [a, b] = ends.map((address) => this.#byAddress.get(address)).sort();
      if (a !== undefined && b !== undefined && a !== b && !this.#toldPairs.has(a + b)) pairs.set(a + b, [a, b]);
    }
    const news = [...pairs].slice(0, MOST_PAIRS);
    for (const [key] of news) this.#toldPairs.set(key, now);
    return news.map(([, pair]) => pair);
  }
}

const isCloselyWatched = ({ keepalive }: PeerResource): boolean => keepalive !== undefined;
const isProven = ({ keepalive, via }: PeerResource): boolean => keepalive !== undefined && via === undefined;
