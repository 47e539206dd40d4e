import type { RecordedFact, NetworkFact } from '#contracts/facts.js';
import type { ObservedReport } from '#contracts/reports.js';
import { isLive } from '#planner/members.js';
import { directPath } from '#planner/paths/choose-path.js';
import { inOrder } from '#planner/paths/reach.js';
import type { NetworkState } from '#topology/network-state.js';
import { pathBetween } from '#topology/relay-fold.js';
import type { Now } from './latency/link-latency.js';
import { type Link, ObservationBook } from './observations/observation-book.js';
import { classify } from './reachability/classify.js';
import { gatherEvidence } from './reachability/gather-evidence.js';
import { isKnown } from './reachability/reachability.decider.js';
import { Settling } from './reachability/settling.js';
import type { RelayHealth } from './relays/relay-health.js';

/** A trial that has not proven itself by then, once both ends hold it, has failed: WireGuard calls again every five seconds. */
export const TRIAL_MS = 15_000;
/** One that an end does not hold by then has failed, too. */
export const LONGEST_TRIAL_MS = 60_000;
/** A pair that should reach each other and does not, and no other link of both is in doubt: others have so long to complain. */
export const ALONE_MS = 300;
/** What begins to be missed within so long may have the same cause. */
export const TOGETHER_MS = 10_000;
/** The same where others do not reach them either: the nodes may have to be judged anew first. */
export const MISSED_MS = 8_000;
/** Traffic that a relay saw is a reason for a trial for so long. */
const INTEREST_MS = 60_000;
/** Whether a pair may be tried is asked again after so long, however much is heard meanwhile. */
const ASK_AGAIN_MS = 1_000;

export type Pair = [string, string];

/** What is to be decided now in one network. */
export interface Due {
  reachability: string[];
  tries: Pair[];
  proofs: Pair[];
  failures: { pair: Pair; reason: string }[];
}

interface OpenTrial {
  pair: Pair;
  /** Log version of its fact. */
  version: number;
  since: number;
  /** Since when both ends hold it; null: not yet. */
  heldSince: number | null;
}

/** What one replica knows of one network besides the facts, and what follows from it. Times are of a clock that only grows. */
export class NetworkPaths {
  readonly book = new ObservationBook();
  readonly #settling = new Settling();
  readonly #trials = new Map<string, OpenTrial>();
  /** The log version that a node holds, as far as it told. */
  readonly #held = new Map<string, number>();
  readonly #interest = new Map<string, { pair: Pair; at: number; askAt: number }>();
  /** When ways to relays are looked for next. */
  #missRelaysAt = -Infinity;
  /** Nodes that are not what they were when something failed. */
  readonly #changed = new Map<string, number>();
  readonly #missed = new Map<string, Pair>();
  /** Of pairs that miss each other: since when it is known that both are there. */
  readonly #bothThere = new Map<string, { missedSince: number; at: number }>();

  constructor(private readonly health: RelayHealth) {}

  /** Trials that were under way when this replica began to listen. */
  begin({ paths, version }: NetworkState, now: number): void {
    for (const others of paths.values())
      for (const { a, b, phase } of others.values())
        if (phase === 'trying') this.#begin({ pair: [a, b], version, since: now, heldSince: now });
  }

  /** A node holds what follows from the log up to this version. */
  holds(nodeId: string, version: number, now: number): void {
    this.#held.set(nodeId, version);
    for (const trial of this.#trials.values()) if (this.#isHeld(trial)) trial.heldSince ??= now;
  }

  #begin(trial: OpenTrial): void {
    // An end may have told that it holds the trial before this replica has heard of it.
    if (this.#isHeld(trial)) trial.heldSince ??= trial.since;
    this.#trials.set(trial.pair.join(''), trial);
  }

  #isHeld = ({ pair, version }: OpenTrial): boolean => pair.every((id) => (this.#held.get(id) ?? 0) >= version);

  /** Facts that are in the state. */
  learn(state: NetworkState, facts: readonly RecordedFact<NetworkFact>[], now: number): void {
    for (const { type, data, version } of facts) {
      if (type === 'PathTried') this.#begin({ pair: [data.a, data.b], version, since: now, heldSince: null });
      if (type === 'PathProven' || type === 'PathFailed' || type === 'PathForgotten')
        this.#trials.delete(data.a + data.b);
      // Those who gave up on a node tell something of it, and have nothing more to report of it.
      if (type === 'PathFailed') for (const nodeId of [data.a, data.b]) this.#judge(state, nodeId, now);
      if (type === 'NodeEnabled' || (type === 'NodeChanged' && (data.changes.endpoints || 'site' in data.changes)))
        this.#changed.set(data.nodeId, now);
      if (type !== 'NodeRemoved') continue;
      this.book.forget(data.nodeId);
      for (const known of [this.#changed, this.#held]) known.delete(data.nodeId);
    }
  }

  /** When one of both changed last, as no fact on how it is reached tells (ISO 8601 UTC); undefined: not that it is known. */
  changedAt(pair: Pair, { monotonic, wall }: Now): string | undefined {
    const last = Math.max(...pair.map((nodeId) => this.#changed.get(nodeId) ?? -Infinity));
    return last === -Infinity ? undefined : new Date(wall.getTime() - (monotonic - last)).toISOString();
  }

  hear(state: NetworkState, from: string, report: ObservedReport, now: number): void {
    const { touched, isElsewhere } = this.book.hear(from, report, now);
    if (isElsewhere) this.#changed.set(from, now);
    for (const nodeId of touched) this.#judge(state, nodeId, now);
    for (const [a, b] of report.forwarded) this.#talk(inOrder(a, b), now);
    for (const { nodeId, link } of report.peers) {
      const pair = inOrder(from, nodeId);
      if (link === 'unanswered') this.#missed.set(pair.join(''), pair);
    }
  }

  due(state: NetworkState, now: number): Due {
    const reachability = this.#settling.due(now, (nodeId) => state.reachability.get(nodeId));
    return {
      reachability,
      tries: this.#tries(state, now),
      ...this.#outcomes(now),
      failures: this.#failures(state, now),
    };
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

  #tries(state: NetworkState, now: number): Pair[] {
    const tries: Pair[] = [];
    this.#missRelays(state, now);
    for (const [key, interest] of this.#interest) {
      if (now - interest.at > INTEREST_MS) this.#interest.delete(key);
      else if (now >= interest.askAt) {
        interest.askAt = now + ASK_AGAIN_MS;
        tries.push(interest.pair);
      }
    }
    return tries;
  }

  /** Nodes that lost their way to a relay that is there: while it is the only one left, no traffic can show that they want it back. */
  #missRelays({ relays, paths }: NetworkState, now: number): void {
    if (now < this.#missRelaysAt) return;
    this.#missRelaysAt = now + ASK_AGAIN_MS;
    for (const relayId of [...relays.keys()].filter((id) => this.health.isUp(id, now)))
      for (const { a, b, phase } of paths.get(relayId)?.values() ?? []) if (phase === 'failed') this.#talk([a, b], now);
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

  /** The death of a relay, and its return, are no matter of paths: what is behind it moves, and finds it again. */
  #failures(state: NetworkState, now: number): Due['failures'] {
    const late = [...this.#trials.values()].filter(
      ({ since, heldSince }) => now - (heldSince ?? now) > TRIAL_MS || now - since > LONGEST_TRIAL_MS,
    );
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
      } else if (pair.some((nodeId) => state.relays.has(nodeId) && this.health.isAway(nodeId, now))) continue;
      else if (phase === 'proven') failures.push({ pair, reason: 'silent' });
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
    if (now - since < ALONE_MS || !pair.every(isHeard)) return false;
    if (this.#isAlone(state, pair, { since, now })) return true;
    if (!pair.every((nodeId) => this.health.wasHeardSince(nodeId, since))) return false;
    // One that comes back needs time to be heard by the others.
    const key = pair.join('');
    const there = this.#bothThere.get(key);
    if (there?.missedSince !== since) this.#bothThere.set(key, { missedSince: since, at: now });
    return now - (there?.missedSince === since ? there.at : now) >= MISSED_MS;
  }

  /**
   * Nothing else has gone wrong with either that may have the same cause, as far as others have told; who is reached through a
   * relay now is no news, nor what was missed before, unless it is one of these two and nothing was heard of it since.
   */
  #isAlone(state: NetworkState, pair: Pair, { since, now }: { since: number; now: number }): boolean {
    const isRelated = (other: Link) =>
      Math.abs(other.since - since) < TOGETHER_MS ||
      (pair.includes(other.nodeId) && !this.health.wasHeardSince(other.nodeId, other.since));
    const isOpen = (other: Link) => {
      const { from, nodeId, link } = other;
      if (link !== 'unanswered' || (pair.includes(from) && pair.includes(nodeId)) || !isRelated(other)) return false;
      const [a, b] = [state.nodes.get(from), state.nodes.get(nodeId)];
      return isLive(state) && a !== undefined && b !== undefined && directPath(state, a, b) !== undefined;
    };
    return !pair.some((id) => [...this.book.linksFrom(id, now), ...this.book.linksTo(id, now)].some(isOpen));
  }

  #talk(pair: Pair, at: number): void {
    const key = pair.join('');
    if (pair[0] !== pair[1]) this.#interest.set(key, { pair, at, askAt: this.#interest.get(key)?.askAt ?? at });
  }
}
