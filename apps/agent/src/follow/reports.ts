import type { AppliedReport, HeartbeatReport, RejectedReport } from '#contracts/reports.js';
import type { AgentReport } from '#messaging/agent-connection.js';

/**
 * 10,000 agents that apply the same change answer within 2.5 to 7.5 s, not at once, and not while the change is still on its
 * way to the others.
 */
const SPREAD_MS_PER_PEER = 0.5;
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

/** When what is told: refusals at once, applied sets and heartbeats spread by chance. */
export class Reports {
  #applied: { report: AppliedReport; timer: NodeJS.Timeout } | undefined;
  #heart: NodeJS.Timeout | undefined;

  constructor(private readonly options: ReportsOptions) {}

  /** The newest says it for those that still wait: it goes out when the first of them would have. */
  applied(body: AppliedReport): void {
    if (this.options.isHasty) return this.options.send({ kind: 'applied', body });
    if (this.#applied) {
      this.#applied.report = body;
      return;
    }
    const spread = this.options.peers() * SPREAD_MS_PER_PEER;
    this.#applied = { report: body, timer: setTimeout(() => this.#sendApplied(), (0.5 + Math.random()) * spread) };
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
    this.options.send({ kind: 'heartbeat', body: this.options.heartbeat() });
    const next = soon.shift() ?? HEARTBEAT_MS;
    this.#heart = setTimeout(() => this.#beat(soon), next * (0.8 + Math.random() * 0.4));
  }

  /** Says what waits. */
  stop(): void {
    clearTimeout(this.#heart);
    if (this.#applied) this.#sendApplied();
  }

  #sendApplied(): void {
    if (!this.#applied) return;
    const { report, timer } = this.#applied;
    clearTimeout(timer);
    this.#applied = undefined;
    this.options.send({ kind: 'applied', body: report });
  }
}
