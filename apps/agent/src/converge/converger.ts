import { changesInPlace, type NodeSet } from '#contracts/node-fold.js';
import { formatDigest } from '#contracts/node-stream.js';
import type { AppliedReport, Refusals, RejectedReport } from '#contracts/reports.js';
import { checkSet, type SetProblem } from '#wireguard/core/check-set.js';
import { desiredDevice, isInterface, type LocalSettings } from '#wireguard/core/desired-device.js';
import { type Device, DeviceError } from '#wireguard/core/device.js';
import { messageOf } from '../failure.js';
import type { Log } from '../log.js';
import type { AdmittedSet, Members } from '../members/members.js';
import type { HeldSet } from '../state/held-set.js';
import type { WayGuard } from '../confirm/way-guard.js';
import type { SeenEndpoints } from '../state/seen-endpoints.js';
import type { TunnelKeys } from '../state/tunnel-keys.js';
import { convergeDevice } from './converge-device.js';
import { QuietPeers } from './quiet-peers.js';

export interface ConvergerParts {
  device: Device;
  local: LocalSettings;
  /** The WireGuard keys that this node has; a set may name the one to use. */
  keys: Pick<TunnelKeys, 'publicKey' | 'has' | 'use' | 'settle'>;
  /** Says what of a set operators signed; the rest is left out. */
  members: Pick<Members, 'learn' | 'admit'>;
  /** Says whether a set that was applied leaves the control plane reachable. */
  way: Pick<WayGuard, 'prove' | 'judge'>;
  /** Knows where peers are that nobody can call. */
  seen: Pick<SeenEndpoints, 'fill' | 'note'>;
  /** What the disk holds. */
  held: HeldSet | undefined;
  record(held: HeldSet): Promise<void>;
  /** @param isAwaited somebody may wait for it: it changed what was there, or it is the first */
  onApplied(report: AppliedReport, isAwaited: boolean): void;
  onRejected(report: RejectedReport): void;
  log: Log;
}

/** A set that came from the server and is not held yet. */
interface Candidate {
  set: NodeSet;
  /** Milliseconds of the monotonic clock. */
  receivedAt: number;
  failures: number;
  /** It failed and may fail again: not before this time of the monotonic clock, in milliseconds. */
  notBefore: number;
  /** It may be held without proof that the control plane stays reachable. */
  isTrusted?: true;
  /** What was told to the server, so that it is told once. */
  told?: string;
}

const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 480_000;

const MAINTAINED = { start: 'up from disk', drift: 'drift repaired', rollback: 'back to the last good set' };

/**
 * The one loop that changes this machine. Level-triggered: whatever wakes it, it compares what is desired with what is
 * there, whole, and does what differs; several wakes during a pass make one more pass. A set from the server is held,
 * on disk first, only once it was applied and read back; until then, and when it is rejected, the last good one is desired.
 */
export class Converger {
  readonly #quietPeers = new QuietPeers();
  #held: HeldSet | undefined;
  #candidate: Candidate | undefined;
  #rejected: NodeSet | undefined;
  #doubted: Candidate | undefined;
  #repairs = 0;
  #toldRefused = '[]';
  #running: Promise<void> | undefined;
  #again = false;
  #isUp = false;
  #stopped = false;

  constructor(private readonly parts: ConvergerParts) {
    this.#held = parts.held;
  }

  get held(): HeldSet | undefined {
    return this.#held;
  }

  /** The newest set that was not taken, while there is no newer good one. */
  get rejected(): NodeSet | undefined {
    return this.#rejected;
  }

  /** What of the set that is held may be taken, and what is left out because no operator signed it. */
  get admitted(): AdmittedSet | undefined {
    return this.#held && this.#admitted(this.#held.set);
  }

  /** Steps taken against drift since the start. */
  get repairs(): number {
    return this.#repairs;
  }

  /** A newer set: it takes the place of one that waits. */
  offer(set: NodeSet, receivedAt: number): void {
    this.#candidate = { set, receivedAt, failures: 0, notBefore: 0 };
    void this.wake();
  }

  /** Looks again, now or right after the present pass. Resolves when there is nothing more to do. */
  wake(): Promise<void> {
    if (this.#stopped) return this.#running ?? Promise.resolve();
    this.#again = true;
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Resolves when the present pass is over; there will be no other. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false;
        await this.#pass();
        this.#isUp = true;
      }
    } finally {
      // In the same breath as the last look at #again: a wake a moment later must find nobody running.
      this.#running = undefined;
    }
  }

  async #pass(): Promise<void> {
    const candidate = this.#candidate;
    const isDue = candidate !== undefined && performance.now() >= candidate.notBefore;
    if (isDue && (await this.#take(candidate))) return;
    await this.#maintain(isDue ? 'rollback' : this.#isUp ? 'drift' : 'start');
    const doubted = this.#doubted;
    this.#doubted = undefined;
    if (doubted) void this.#judge(doubted);
  }

  /** With the last good set back: was the newer one to blame, or is the control plane away? */
  async #judge(candidate: Candidate): Promise<void> {
    const verdict = await this.parts.way.judge();
    if (verdict === 'stopped') return;
    if (verdict === 'trust') {
      candidate.isTrusted = true;
      candidate.notBefore = 0;
      return this.wake();
    }
    this.#reject(candidate, [{ resource: '', message: new WayLost().message }]);
    candidate.notBefore = performance.now() + LONGEST_PAUSE_MS;
  }

  /** @returns whether it is held now */
  async #take(candidate: Candidate): Promise<boolean> {
    const { set, receivedAt } = candidate;
    const { keys, members } = this.parts;
    const before = keys.publicKey;
    const named = keyNamedIn(set) ?? before;
    try {
      await members.learn(set);
      const admitted = members.admit(set, named);
      const problems = checkSet(admitted.set.resources.values(), named);
      if (!keys.has(named))
        problems.push({ resource: 'interface', message: 'this node has no such key: rotate it again' });
      if (problems.length > 0) {
        this.#reject(candidate, problems);
        this.#drop(candidate);
        return false;
      }
      const last = this.admitted;
      await keys.use(named);
      const reasons = await this.#converge(set);
      const way = candidate.isTrusted ? 'hold' : await this.parts.way.prove(last?.set, admitted.set);
      if (way === 'stopped') return true;
      if (way === 'return') throw new WayLost();
      const isAwaited = !this.#held || changesInPlace(this.#held.set, set);
      await this.#hold(set);
      // At the latest with the next start.
      await keys
        .settle()
        .catch((error) => this.parts.log.warn({ why: messageOf(error) }, 'the key before is still there'));
      const { epoch, revision } = set;
      const tookMs = Math.round(performance.now() - receivedAt);
      this.parts.log.info({ epoch, revision, steps: reasons.length, reasons: reasons.slice(0, 10), tookMs }, 'applied');
      const refused = this.#tellRefused(admitted);
      const { digest, logVersion } = set;
      this.parts.onApplied(
        { epoch, revision, digest: formatDigest(digest), logVersion, tookMs, ...refused },
        isAwaited,
      );
      this.#drop(candidate);
      return true;
    } catch (error) {
      await keys.use(before);
      if (error instanceof WayLost) {
        this.parts.log.warn({ revision: set.revision }, 'the control plane is out of reach since this was applied');
        candidate.notBefore = Infinity;
        this.#doubted = candidate;
        return false;
      }
      this.#reject(candidate, [problemOf(error)]);
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** candidate.failures, LONGEST_PAUSE_MS);
      candidate.failures += 1;
      candidate.notBefore = performance.now() + pauseMs;
      return false;
    }
  }

  async #hold(set: NodeSet): Promise<void> {
    const held = { set, appliedAt: new Date().toISOString() };
    await this.parts.record(held);
    this.#held = held;
    this.#rejected = undefined;
  }

  /** Keeps, or brings back, the last good set. */
  async #maintain(why: keyof typeof MAINTAINED): Promise<void> {
    if (!this.#held) return;
    try {
      const reasons = await this.#converge(this.#held.set);
      if (reasons.length === 0) return;
      if (why === 'drift') this.#repairs += reasons.length;
      const fields = { steps: reasons.length, reasons: reasons.slice(0, 10) };
      this.parts.log[why === 'start' ? 'info' : 'warn'](fields, MAINTAINED[why]);
    } catch (error) {
      this.parts.log.error({ code: codeOf(error), why: messageOf(error) }, 'the last good set cannot be kept up');
    }
  }

  #admitted(set: NodeSet): AdmittedSet {
    return this.parts.members.admit(set, this.parts.keys.publicKey);
  }

  #tellRefused({ refused }: AdmittedSet): Refusals {
    const told = JSON.stringify(refused);
    if (told !== this.#toldRefused && refused.length > 0)
      this.parts.log.warn({ refused: refused.slice(0, 10), all: refused.length }, 'left out: no operator signed it');
    this.#toldRefused = told;
    return refusalsOf(refused);
  }

  #converge(set: NodeSet): Promise<string[]> {
    const { device, local, seen, log } = this.parts;
    const desired = desiredDevice(this.#admitted(set).set.resources.values(), local);
    return convergeDevice(device, seen.fill(desired), {
      quietPeers: this.#quietPeers,
      now: () => performance.now() / 1000,
      isKnown: this.#held !== undefined,
      onLive: (peers) =>
        seen.note(desired, peers).catch((error) => {
          log.warn({ why: messageOf(error) }, 'where peers were seen cannot be kept');
        }),
    });
  }

  #reject(candidate: Candidate, problems: SetProblem[]): void {
    const { epoch, revision } = candidate.set;
    this.#rejected = candidate.set;
    const errors = problems.slice(0, 20);
    const told = JSON.stringify(errors);
    if (candidate.told === told) return;
    candidate.told = told;
    this.parts.log.error({ epoch, revision, held: this.#held?.set.revision ?? 0, errors }, 'rejected');
    this.parts.onRejected({ epoch, revision, held: this.#held?.set.revision ?? 0, errors });
  }

  /** Unless a newer one came meanwhile. */
  #drop(candidate: Candidate): void {
    if (this.#candidate === candidate) this.#candidate = undefined;
  }
}

/** As reports carry them: the first ones, which say what is the matter. */
export const refusalsOf = (refused: SetProblem[]): Refusals =>
  refused.length > 0 ? { refused: refused.slice(0, 20) } : {};

class WayLost extends Error {
  constructor() {
    super('with this revision the control plane was out of reach, without it it is back: the last good one stays');
  }
}

function keyNamedIn(set: NodeSet): string | undefined {
  return [...set.resources.values()].find(isInterface)?.key?.current;
}

function problemOf(error: unknown): SetProblem {
  const operation = error instanceof DeviceError ? error.operation : undefined;
  const resource = operation?.kind === 'route-add' ? `route/${operation.cidr}` : 'interface';
  return { resource, message: messageOf(error) };
}

const codeOf = (error: unknown) => (error instanceof DeviceError ? error.code : 'failed');
