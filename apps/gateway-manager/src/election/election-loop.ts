import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { isRefusal } from '#contracts/errors.js';
import type { DecisionMaker } from '#event-store/core/decision-maker.js';
import type { NodeReport, ReportFeed } from '#messaging/reports.js';
import type { NetworkChange, NetworkFollower } from '#service/network-follower.js';
import { gatewayView } from '#topology/gateway-view.js';
import { gatewayOf } from '#topology/lookup.js';
import type { GatewayState, NetworkState } from '#topology/network-state.js';
import type { GatewayManagerMetrics } from '../gateway-manager.metrics.js';
import { decideElectActive, electionFacts } from './elect-active.decider.js';
import { GatewayWatch, matters, type WatchedGateway } from './gateway-watch.js';
import { ListeningClock } from './listening-clock.js';
import { returnDelay } from './return-delay.js';

export interface ElectionOptions {
  networks: Pick<NetworkFollower, 'states' | 'onChange'>;
  decisions: Pick<DecisionMaker<NetworkState>, 'execute'>;
  reports: Pick<ReportFeed, 'onReport'>;
  /** Resolves when all that the broker had for this process by now has arrived. @throws Unavailable */
  hearAll(): Promise<void>;
  onReconnect(listener: () => void): () => void;
  clock: { now(): Date; monotonic(): number };
  metrics: Pick<GatewayManagerMetrics, 'elected' | 'electionFailed'>;
  logger: Pick<Logger, 'info' | 'warn'>;
}

/** How often silence is looked at, milliseconds. */
const TICK_MS = 250;
/** After an attempt that failed, because the log or the broker is away. */
const RETRY_AFTER_MS = 1_000;
const ACTOR = 'service/gateway-manager';

/** What stands between a gateway and its next election. */
interface Attempt {
  running: boolean;
  /** The follower has to come so far: an older state has no outcome of the last attempt in it. */
  version: number;
  /** By the listening clock. */
  notBefore: number;
}

/**
 * Elects who serves in every gateway of every network: on facts and reports that matter at once, on silence by a tick.
 * Every replica does; the append decides, and who was second finds nothing left to do.
 */
export class ElectionLoop {
  readonly watch = new GatewayWatch();
  readonly clock: ListeningClock;
  readonly #attempts = new WeakMap<WatchedGateway, Attempt>();
  readonly #running = new Set<Promise<void>>();
  readonly #endings: (() => void)[] = [];

  constructor(private readonly options: ElectionOptions) {
    this.clock = new ListeningClock(options.clock.monotonic);
  }

  start(): void {
    const { networks, reports, onReconnect } = this.options;
    this.#endings.push(
      networks.onChange((change) => this.#changed(change)),
      reports.onReport((report) => this.#heard(report)),
      // Agents that shared the broker with us need time to come back too.
      onReconnect(() => this.watch.forget(this.clock.now())),
    );
    for (const [network, state] of networks.states) this.watch.follow(network, state, this.clock.now());
    const timer = setInterval(() => this.tick(), TICK_MS);
    this.#endings.push(() => clearInterval(timer));
  }

  /** Looks at all gateways once. */
  tick(): void {
    this.clock.now();
    for (const watched of this.watch.gateways()) this.#consider(watched);
  }

  /** Resolves when no election is under way. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async stop(): Promise<void> {
    for (const end of this.#endings.splice(0)) end();
    await this.idle();
  }

  #changed({ network, state, facts }: NetworkChange): void {
    if (!matters(facts)) return;
    const now = this.clock.now();
    this.watch.follow(network, state, now);
    for (const fact of facts) if (fact.type === 'GatewayActivated') this.watch.noteActivation(network, fact.data, now);
    for (const watched of this.watch.of(network)) this.#consider(watched);
  }

  #heard(report: NodeReport): void {
    for (const watched of this.watch.hear(report, this.clock.now())) this.#consider(watched);
  }

  #consider(watched: WatchedGateway): void {
    const { running, version, notBefore } = this.#attemptOf(watched);
    const state = this.options.networks.states.get(watched.network);
    if (running || !state || state.version < version || this.clock.now() < notBefore) return;
    if (!this.#isDue(watched)) return;
    const run = this.#attempt(watched).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async #attempt(watched: WatchedGateway): Promise<void> {
    const attempt = this.#attemptOf(watched);
    attempt.running = true;
    try {
      // What lies in a socket, ours or the broker's, is no silence: only after this is it known who is silent.
      await this.options.hearAll();
      if (!this.#isDue(watched)) return;
      attempt.version = await this.#elect(watched);
    } catch (error) {
      // Removed meanwhile: nothing is left to elect.
      if (isRefusal(error) && error.code === 'not_found') return;
      attempt.notBefore = this.clock.now() + RETRY_AFTER_MS;
      this.options.metrics.electionFailed.inc();
      this.options.logger.warn({ err: error, gateway: watched.gatewayId }, 'election not decided, will try again');
    } finally {
      attempt.running = false;
    }
  }

  /** @returns the log version that holds the outcome */
  async #elect(watched: WatchedGateway): Promise<number> {
    const { decisions, clock, metrics, logger } = this.options;
    const { gatewayId, network } = watched;
    const meta = { commandId: randomUUID(), actor: ACTOR, at: clock.now().toISOString() };
    const seen = this.#gatewayOf(watched)?.version;
    const { facts, version } = await decisions.execute(network, {
      commandId: meta.commandId,
      fingerprint: 'elect',
      decide: (state) => {
        const now = gatewayOf(state, gatewayId);
        // Another was first: whether anything is left to do shows once this replica follows.
        if (now.version !== seen) return { facts: [], answer: gatewayView(now) };
        return decideElectActive({ ...meta, gatewayId, ...this.#seen(watched) }, state);
      },
    });
    for (const { type, data } of facts)
      if (type === 'GatewayActivated') {
        metrics.elected.inc({ reason: data.reason });
        logger.info({ network, gateway: gatewayId, active: data.active, reason: data.reason }, 'gateway activated');
      }
    return version;
  }

  #isDue(watched: WatchedGateway): boolean {
    const state = this.options.networks.states.get(watched.network);
    const gateway = this.#gatewayOf(watched);
    return !!state && !!gateway && electionFacts(state, gateway, this.#seen(watched)).length > 0;
  }

  #gatewayOf({ network, gatewayId }: WatchedGateway): GatewayState | undefined {
    return this.options.networks.states.get(network)?.gateways.get(gatewayId);
  }

  #seen({ health, departures, activatedAt }: WatchedGateway) {
    const now = this.clock.now();
    return { health, now, returnAfterMs: returnDelay(departures, now), activatedAt };
  }

  #attemptOf(watched: WatchedGateway): Attempt {
    const known = this.#attempts.get(watched);
    if (known) return known;
    const attempt = { running: false, version: 0, notBefore: 0 };
    this.#attempts.set(watched, attempt);
    return attempt;
  }
}
