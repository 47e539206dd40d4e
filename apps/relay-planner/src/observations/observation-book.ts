import { isDeepStrictEqual } from 'node:util';
import type { Endpoint } from '#contracts/facts.js';
import type { ObservedLink, ObservedReport } from '#contracts/reports.js';
import { formatEndpoint } from '#ipam/endpoint-text.js';

/** What one node last said of its link to another. Times are milliseconds of a clock that only grows. */
export interface Link extends ObservedLink {
  from: string;
  /** Since when it is up, or unanswered. */
  since: number;
  /** When it was last told. */
  at: number;
}

/** Agents tell all they see again within ten minutes: what is older than this is over. */
const STALE_MS = 15 * 60_000;
/** How much of a new round-trip time goes into the one that is kept. */
const SMOOTHING = 0.25;

interface Own {
  run: string | undefined;
  endpoints: readonly Endpoint[];
}

export interface News {
  /** Who told, and of whom something is new. */
  touched: ReadonlySet<string>;
  /** Whose agent was started anew, or whose own addresses are others than before. */
  isElsewhere: boolean;
}

/** The observations of one network, as one replica heard them. */
export class ObservationBook {
  readonly #own = new Map<string, Own>();
  /** From → to. */
  readonly #links = new Map<string, Map<string, Link>>();
  readonly #observers = new Map<string, Set<string>>();
  readonly #rtts = new Map<string, Map<string, number>>();

  /** What it says is known from now on. */
  hear(from: string, report: ObservedReport, now: number): News {
    const own = { run: report.run, endpoints: report.endpoints };
    const isElsewhere = this.#own.has(from) && !isDeepStrictEqual(this.#own.get(from), own);
    const touched = new Set([from]);
    this.#own.set(from, own);
    const links = this.#links.get(from) ?? new Map<string, Link>();
    this.#links.set(from, links);
    for (const link of report.peers) {
      const before = this.link(from, link.nodeId, now);
      if (before?.link !== link.link || before.endpoint !== link.endpoint) touched.add(link.nodeId);
      const since = before?.link === link.link ? before.since : now;
      links.set(link.nodeId, { ...link, from, since, at: now });
      const observers = this.#observers.get(link.nodeId) ?? new Set();
      this.#observers.set(link.nodeId, observers.add(from));
      if (link.rtt !== null) this.#measure(from, link.nodeId, link.rtt);
    }
    return { touched, isElsewhere };
  }

  /** What others say of their links to a node. */
  linksTo(nodeId: string, now: number): Link[] {
    return [...(this.#observers.get(nodeId) ?? [])].flatMap((from) => this.link(from, nodeId, now) ?? []);
  }

  linksFrom(nodeId: string, now: number): Link[] {
    return [...(this.#links.get(nodeId)?.values() ?? [])].filter(({ at }) => now - at < STALE_MS);
  }

  link(from: string, to: string, now: number): Link | undefined {
    const link = this.#links.get(from)?.get(to);
    return link && now - link.at < STALE_MS ? link : undefined;
  }

  /** A node's own addresses and ports, as `wg` writes them. */
  ownEndpoints(nodeId: string): readonly { text: string; kind: Endpoint['kind'] }[] {
    const { endpoints = [] } = this.#own.get(nodeId) ?? {};
    return endpoints.map(({ address, port, kind }) => ({ text: formatEndpoint(address, port), kind }));
  }

  /** Milliseconds, smoothed, whoever of both measured. */
  rtt(a: string, b: string): number | undefined {
    return this.#rtts.get(a)?.get(b) ?? this.#rtts.get(b)?.get(a);
  }

  forget(nodeId: string): void {
    for (const { nodeId: to } of this.#links.get(nodeId)?.values() ?? []) this.#observers.get(to)?.delete(nodeId);
    for (const from of this.#observers.get(nodeId) ?? []) {
      this.#links.get(from)?.delete(nodeId);
      this.#rtts.get(from)?.delete(nodeId);
    }
    for (const known of [this.#own, this.#links, this.#observers, this.#rtts]) known.delete(nodeId);
  }

  #measure(from: string, to: string, rtt: number): void {
    const rtts = this.#rtts.get(from) ?? new Map<string, number>();
    this.#rtts.set(from, rtts);
    const before = rtts.get(to);
    rtts.set(to, before === undefined ? rtt : before + SMOOTHING * (rtt - before));
  }
}
