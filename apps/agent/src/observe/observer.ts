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
  /** Sends one packet to each, and waits for nothing. */
  poke(addresses: readonly string[]): void;
  /** Between which addresses a relay forwards. */
  forwarded: { set(isRelay: boolean): void; read(): Promise<[string, string][]>; stop(): void };
  ownEndpoints(): Promise<Endpoint[]>;
  report(body: ObservedReport): void;
  /** Milliseconds of a clock that never jumps. */
  now(): number;
  /** Unix seconds: handshakes have the wall clock's time. */
  wall(): number;
  /** Of this agent since its start. */
  run: string;
}

const LOOK_MS = 1_000;
/** While it is in doubt whether a peer is there. */
const DOUBT_LOOK_MS = 500;
/** Looking may take this share of the time: the more peers, the more it costs. More while a peer is in doubt, which is soon over. */
const MOST_EFFORT = { calm: 0.02, inDoubt: 0.2 };
/** However long a look takes, the next is not later: others wait for a word from here. */
const LONGEST_PAUSE_MS = 4_000;
/** A look costs what the shortest of so many took; the others were delayed by what else the machine does. */
const LOOKS_COMPARED = 8;
/** Peers probed at one look besides those whose path has to be watched. */
const MOST_PROBES = 32;
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
 * Sees what the node's links are like, and tells what is new. It looks every second, or twice while a peer does not answer; a peer that
 * is sent to without a word back is probed; one that hears no word back gets one.
 */
export class Observer {
  #peers: PeerResource[] = [];
  #byAddress = new Map<string, string>();
  #endpoints: Endpoint[] = [];
  #toldEndpoints = '';
  readonly #toldPairs = new Map<string, number>();
  #lookAgainAt = -Infinity;
  #lookedAroundAt = -Infinity;
  #looksTook: number[] = [];
  #readPairsAt = -Infinity;
  #reportedAt = -Infinity;
  #isRelay = false;
  #next = 0;
  #looking = false;
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly parts: ObserverParts) {
    this.#timer = setInterval(() => void this.look(), DOUBT_LOOK_MS / 2);
  }

  /** The set that the node holds now. */
  follow(resources: Iterable<Resource>): void {
    const all = [...resources];
    const before = new Map(this.#peers.map((peer) => [peer.name, peer.via]));
    this.#peers = all.filter(isPeer);
    this.#greetRelays(before);
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

  /** The machine's own addresses or way out have changed: peers learn by the next packet where it is now. */
  async moved(): Promise<void> {
    this.#pokeAll();
    this.#lookedAroundAt = this.#reportedAt = this.#lookAgainAt = -Infinity;
    await this.look();
  }

  /** Looks, if it is time to, and reports what is new. */
  async look(): Promise<void> {
    const { now, watch } = this.parts;
    const began = now();
    if (this.#looking || began < this.#lookAgainAt) return;
    this.#looking = true;
    try {
      await this.#lookOnce();
    } catch {
      // A device that does not answer is the converger's concern; there is nothing to tell of it.
    } finally {
      this.#looking = false;
      this.#looksTook = [...this.#looksTook, now() - began].slice(-LOOKS_COMPARED);
      this.#lookAgainAt = began + this.#pause(watch.isInDoubt(now()));
    }
  }

  #pause(inDoubt: boolean): number {
    const effort = Math.min(...this.#looksTook) / (inDoubt ? MOST_EFFORT.inDoubt : MOST_EFFORT.calm);
    // Timers come a little early or late: half a step is close enough.
    const every = (inDoubt ? DOUBT_LOOK_MS : LOOK_MS) - DOUBT_LOOK_MS / 4;
    return Math.max(every, Math.min(effort, LONGEST_PAUSE_MS));
  }

  stop(): void {
    clearInterval(this.#timer);
    this.parts.forwarded.stop();
  }

  async #lookOnce(): Promise<void> {
    const { watch, dump, now, wall } = this.parts;
    const dumped = await dump();
    const lookedAt = now();
    watch.look(readLinks(dumped, this.#peers, wall()), lookedAt);
    this.#answer();
    // Who has lost one peer may have lost its place in a NAT, and with it all others.
    if (watch.hasLost(now())) this.#pokeAll();
    this.#probe(lookedAt);
    const isDue = now() - this.#reportedAt >= REPORT_MS;
    if (now() - this.#lookedAroundAt >= REPORT_MS) await this.#lookAround();
    const pairs = this.#isRelay ? await this.#newPairs() : [];
    if (isDue || pairs.length > 0 || watch.isUrgent(now())) this.#report(pairs);
  }

  #answer(): void {
    const owed = new Set(this.parts.watch.toAnswer());
    if (owed.size > 0) this.#poke((peer) => owed.has(idOf(peer)));
  }

  #probe(lookedAt: number): void {
    const wanted = new Set(this.parts.watch.toProbe(lookedAt, MOST_PROBES));
    for (const peer of this.#peers) if (isProven(peer) || wanted.has(idOf(peer))) void this.#measure(peer);
  }

  /** Whose path has been moved to a relay may have lost its place in a NAT: the relay must know the new one. */
  #greetRelays(before: ReadonlyMap<string, string | undefined>): void {
    const moved = this.#peers.filter(({ name, via }) => before.has(name) && before.get(name) !== via);
    const relays = new Set(moved.map(({ via }) => via));
    if (relays.size > 0) this.#poke((peer) => relays.has(idOf(peer)));
  }

  #pokeAll(): void {
    const live = new Set(this.parts.watch.live(this.parts.now()));
    this.#poke((peer) => peer.via === undefined && live.has(idOf(peer)));
  }

  #poke(isMeant: (peer: PeerResource) => boolean): void {
    const addresses = this.#peers.filter(isMeant).flatMap((peer) => addressOf(peer) ?? []);
    if (addresses.length > 0) this.parts.poke(addresses);
  }

  #report(forwarded: [string, string][]): void {
    const { watch, now, report, run } = this.parts;
    const peers = watch.news(now());
    const endpoints = JSON.stringify(this.#endpoints);
    if (peers.length === 0 && forwarded.length === 0 && endpoints === this.#toldEndpoints) return;
    this.#toldEndpoints = endpoints;
    this.#reportedAt = now();
    report({ run, endpoints: this.#endpoints, peers, forwarded });
  }

  /** What need not be seen every second: own addresses, and how far the others are, some at a time. */
  async #lookAround(): Promise<void> {
    this.#lookedAroundAt = this.parts.now();
    this.#endpoints = (await this.parts.ownEndpoints()).slice(0, 16);
    const reachable = this.#peers.filter(({ endpoint, via }) => endpoint !== null && via === undefined);
    for (let i = 0; i < Math.min(MEASURED, reachable.length); i++) {
      const peer = reachable[this.#next++ % reachable.length];
      if (peer) void this.#measure(peer);
    }
  }

  async #measure(peer: PeerResource): Promise<void> {
    const { watch, roundTrip, now } = this.parts;
    const address = addressOf(peer);
    if (address === undefined) return;
    watch.probed(idOf(peer), now());
    const rtt = await roundTrip(address);
    if (rtt !== null) watch.measured(idOf(peer), rtt);
  }

  /** Pairs that were not told lately. */
  async #newPairs(): Promise<[string, string][]> {
    const now = this.parts.now();
    if (now - this.#readPairsAt < RELAY_LOOK_MS) return [];
    this.#readPairsAt = now;
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

const idOf = ({ name }: PeerResource): string => name.slice('peer/'.length);
const isProven = ({ keepalive, via }: PeerResource): boolean => keepalive !== undefined && via === undefined;
const addressOf = ({ allowedIps }: PeerResource): string | undefined =>
  allowedIps.find((prefix) => /\/(32|128)$/.test(prefix))?.replace(/\/\d+$/, '');
