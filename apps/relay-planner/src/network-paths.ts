import type { RecordedFact, NetworkFact } from '#contracts/facts.js';
import type { ObservedReport } from '#contracts/reports.js';
import { isLive } from '#planner/members.js';
import { directPath } from '#planner/paths/choose-path.js';
import { inOrder } from '#planner/paths/reach.js';
import type { NetworkState } from '#topology/network-state.js';
import { pathBetween } from '#topology/relay-fold.js';
import { type Link, ObservationBook } from './observations/observation-book.js';
import { classify } from './reachability/classify.js';
import { gatherEvidence } from './reachability/gather-evidence.js';
import { isKnown } from './reachability/reachability.decider.js';
import { Settling } from './reachability/settling.js';
import type { RelayHealth } from './relays/relay-health.js';

/** A trial that has not proven itself by then has failed: WireGuard calls again every five seconds. */
export const TRIAL_MS = 15_000;
/** A pair that should reach each other and does not, and no other link of both is in doubt: others have so long to complain. */
export const ALONE_MS = 300;
/** The same where others do not reach them either: the nodes may have to be judged anew first. */
export const MISSED_MS = 8_000;
/** Traffic that a relay saw is a reason for a trial for so long. */
const INTEREST_MS = 60_000;

export type Pair = [string, string];

/** What is to be decided now in one network. */
export interface Due {
  reachability: string[];
  tries: Pair[];
  proofs: Pair[];
  failures: { pair: Pair; reason: string }[];
}

/** What one replica knows of one network besides the facts, and what follows from it. Times are of a clock that only grows. */
export class NetworkPaths {
  readonly book = new ObservationBook();
  readonly #settling = new Settling();
  readonly #trials = new Map<string, { pair: Pair; since: number }>();
  readonly #interest = new Map<string, { pair: Pair; at: number }>();
  readonly #missed = new Map<string, Pair>();
  /** Of pairs that miss each other: since when it is known that both are there. */
  readonly #bothThere = new Map<string, { missedSince: number; at: number }>();

  constructor(private readonly health: RelayHealth) {}

  /** Trials that were under way when this replica began to listen. */
  begin({ paths }: NetworkState, now: number): void {
    for (const others of paths.values())
      for (const { a, b, phase } of others.values())
        if (phase === 'trying') this.#trials.set(a + b, { pair: [a, b], since: now });
  }

  /** Facts that are in the state. */
  learn(state: NetworkState, facts: readonly RecordedFact<NetworkFact>[], now: number): void {
    for (const { type, data } of facts) {
      if (type === 'PathTried') this.#trials.set(data.a + data.b, { pair: [data.a, data.b], since: now });
      if (type === 'PathProven' || type === 'PathFailed' || type === 'PathForgotten')
        this.#trials.delete(data.a + data.b);
      // Those who gave up on a node tell something of it, and have nothing more to report of it.
      if (type === 'PathFailed') for (const nodeId of [data.a, data.b]) this.#judge(state, nodeId, now);
      if (type === 'NodeRemoved') this.book.forget(data.nodeId);
    }
  }

  hear(state: NetworkState, from: string, report: ObservedReport, now: number): void {
    const touched = this.book.hear(from, report, now);
    for (const nodeId of touched) this.#judge(state, nodeId, now);
    for (const [a, b] of report.forwarded) this.#note(this.#interest, [a, b], now);
    for (const { nodeId, link } of report.peers) {
      const pair = inOrder(from, nodeId);
      if (link === 'unanswered') this.#missed.set(pair.join(''), pair);
    }
  }

  due(state: NetworkState, now: number): Due {
    const reachability = this.#settling.due(now, (nodeId) => state.reachability.get(nodeId));
    return { reachability, tries: this.#tries(now), ...this.#outcomes(now), failures: this.#failures(state, now) };
  }

  /** The verdict on a node that has lasted, with those who saw it. */
  verdict(nodeId: string, now: number) {
    const reachability = this.#settling.verdict(nodeId);
    return reachability && { reachability, observers: this.book.linksTo(nodeId, now).map(({ from }) => from) };
  }

  #judge(state: NetworkState, nodeId: string, now: number): void {
    const node = state.nodes.get(nodeId);
    if (!isLive(state) || !node) return;
    const isAlive = (id: string) => this.health.isAlive(id, now);
    const verdict = classify(gatherEvidence({ state, book: this.book, now, isAlive }, node));
    // To know nothing is no news: a node that nobody has seen lately stays where it was.
    const isNews = verdict.nat !== 'unknown' || verdict.endpoints.length > 0;
    this.#settling.note(nodeId, isNews && !isKnown(state, nodeId, verdict) ? verdict : undefined, now);
  }

  #tries(now: number): Pair[] {
    for (const [key, { at }] of this.#interest) if (now - at > INTEREST_MS) this.#interest.delete(key);
    return [...this.#interest.values()].map(({ pair }) => pair);
  }

  #outcomes(now: number): Pick<Due, 'proofs'> {
    const isUp = (from: string, to: string, since: number) => {
      const link = this.book.link(from, to, now);
      return link?.link === 'up' && link.at >= since;
    };
    const proven = [...this.#trials.values()].filter(
      ({ pair: [a, b], since }) => isUp(a, b, since) && isUp(b, a, since),
    );
    return { proofs: proven.map(({ pair }) => pair) };
  }

  #failures(state: NetworkState, now: number): Due['failures'] {
    const late = [...this.#trials.values()].filter(({ since }) => now - since > TRIAL_MS);
    const failures = late.map(({ pair }) => ({ pair, reason: 'no handshake' }));
    for (const [key, pair] of this.#missed) {
      const [a, b] = pair;
      const links = [this.book.link(a, b, now), this.book.link(b, a, now)].filter(
        (link) => link?.link === 'unanswered',
      );
      const phase = pathBetween(state, a, b)?.phase;
      if (links.length === 0 || phase === 'failed') {
        this.#missed.delete(key);
        this.#bothThere.delete(key);
      } else if (phase === 'proven') failures.push({ pair, reason: 'silent' });
      else if (
        phase === undefined &&
        this.#isMissed(state, pair, { since: Math.min(...links.map((link) => link?.since ?? now)), now })
      )
        failures.push({ pair, reason: 'no answer' });
    }
    return failures;
  }

  /**
   * Both are there, others answer each, and they do not hear each other. If others do not hear one of them either, it may be
   * gone: then both must have been heard of since.
   */
  #isMissed(state: NetworkState, pair: Pair, { since, now }: { since: number; now: number }): boolean {
    const isHeard = (nodeId: string) =>
      this.health.isAlive(nodeId, now) && this.book.linksFrom(nodeId, now).some(({ link }) => link === 'up');
    const isSilentRelay = (nodeId: string) => state.relays.has(nodeId) && !this.health.isUp(nodeId, now);
    if (now - since < ALONE_MS || !pair.every(isHeard) || pair.some(isSilentRelay)) return false;
    if (this.#isAlone(state, pair, now)) return true;
    if (!pair.every((nodeId) => this.health.wasHeardSince(nodeId, since))) return false;
    // One that comes back needs time to be heard by the others.
    const key = pair.join('');
    const there = this.#bothThere.get(key);
    if (there?.missedSince !== since) this.#bothThere.set(key, { missedSince: since, at: now });
    return now - (there?.missedSince === since ? there.at : now) >= MISSED_MS;
  }

  /** Nothing else is wrong with either, as far as others have told; who is reached through a relay now is no news. */
  #isAlone(state: NetworkState, pair: Pair, now: number): boolean {
    const isOpen = ({ from, nodeId, link }: Link) => {
      if (link !== 'unanswered' || (pair.includes(from) && pair.includes(nodeId))) return false;
      const [a, b] = [state.nodes.get(from), state.nodes.get(nodeId)];
      return isLive(state) && a !== undefined && b !== undefined && directPath(state, a, b) !== undefined;
    };
    return !pair.some((id) => [...this.book.linksFrom(id, now), ...this.book.linksTo(id, now)].some(isOpen));
  }

  #note(known: Map<string, { pair: Pair; at: number }>, [a, b]: Pair, at: number): void {
    const pair = inOrder(a, b);
    if (a !== b) known.set(pair.join(''), { pair, at });
  }
}
