import type { AppliedReport, HeartbeatReport, RejectedReport } from '#contracts/reports.js';
import type { AgentReport } from '#messaging/agent-connection.js';

/**
 * All peers apply the same change at the same time. Where somebody waits for them, 10,000 answer within 2.5 to 7.5 s: not at
 * once, and not while the change is still on its way to the others. Where nobody does, all of them together say some 30 things
 * a second, as many as 1,000 heartbeats are, whatever happens in the mesh.
 */
const MS_PER_PEER = { awaited: 0.5, other: 30 };
const HEARTBEAT_MS = 30_000;
/** After a connect: the broker is often back a little before those who listen. */
const FIRST_HEARTBEATS_MS = [3_000, 10_000];

export interface ReportsOptions {
  send(report: AgentReport): void;
  heartbeat(): HeartbeatReport;
  /** Peers of the set that was applied. */
  peers(): number;
  /** Answer at once: this agent will not be here in a moment. */
  isHasty: boolean;
}

interface Waiting {
  report: AppliedReport;
  /** Of the growing clock, milliseconds. */
  dueAt: number;
  timer: NodeJS.Timeout;
}

/** When what is told: refusals at once, applied sets and heartbeats spread by chance. */
export class Reports {
  #applied: Waiting | undefined;
  #heart: NodeJS.Timeout | undefined;

  constructor(private readonly options: ReportsOptions) {}

  /**
   * The newest says it for those that still wait, at the earliest time at which one of them would have been said; a heartbeat
   * says it, too.
   * @param isAwaited somebody may wait for it
   */
  applied(report: AppliedReport, isAwaited: boolean): void {
    if (this.options.isHasty) return this.options.send({ kind: 'applied', body: report });
    const spread = this.options.peers() * MS_PER_PEER[isAwaited ? 'awaited' : 'other'];
    const delay = (0.5 + Math.random()) * spread;
    const dueAt = Math.min(performance.now() + delay, this.#applied?.dueAt ?? Infinity);
    this.#forget();
    const timer = setTimeout(() => this.#sendApplied(), dueAt - performance.now());
    this.#applied = { report, dueAt, timer };
  }

  rejected(body: RejectedReport): void {
    this.options.send({ kind: 'rejected', body });
  }

  /** At every connect, soon after it, and from then on. */
  connected(): void {
    this.#beat([...FIRST_HEARTBEATS_MS]);
  }

  #beat(soon: number[]): void {
    clearTimeout(this.#heart);
    const body = this.options.heartbeat();
    this.options.send({ kind: 'heartbeat', body });
    if (this.#applied && saysAlso(body, this.#applied.report)) this.#forget();
    const next = soon.shift() ?? HEARTBEAT_MS;
    this.#heart = setTimeout(() => this.#beat(soon), next * (0.8 + Math.random() * 0.4));
  }

  /** Says what waits. */
  stop(): void {
    clearTimeout(this.#heart);
    if (this.#applied) this.#sendApplied();
  }

  #sendApplied(): void {
    const waiting = this.#applied;
    this.#forget();
    if (waiting) this.options.send({ kind: 'applied', body: waiting.report });
  }

  #forget(): void {
    clearTimeout(this.#applied?.timer);
    this.#applied = undefined;
  }
}

const saysAlso = (heartbeat: HeartbeatReport, { epoch, revision, digest }: AppliedReport) =>
  heartbeat.epoch === epoch && heartbeat.revision === revision && heartbeat.digest === digest;
