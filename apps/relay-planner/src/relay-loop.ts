import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Decision } from '#contracts/decision.js';
import type { LinkLatency } from '#contracts/relay-commands.js';
import type { DecisionMaker } from '#event-store/core/decision-maker.js';
import type { NodeReport } from '#messaging/reports.js';
import { isLive } from '#planner/members.js';
import type { NetworkChange } from '#service/network-follower.js';
import type { CommandMeta } from '#topology/command.js';
import type { NetworkState } from '#topology/network-state.js';
import { linkLatency } from './latency/link-latency.js';
import { NetworkPaths, type Pair } from './network-paths.js';
import { decideFailPath, decideProvePath, decideTryPath } from './paths/path.decider.js';
import { decideReachability } from './reachability/reachability.decider.js';
import type { RelayPlannerMetrics } from './relay-planner.metrics.js';
import type { RelayPlannerOptions } from './relay-planner.options.js';
import type { RelayOutlook } from './relays/assign-relays.js';
import { decideAssignRelays } from './relays/relay.decider.js';
import { RelayHealth } from './relays/relay-health.js';
import { touchedBy, waiting, wishing } from './relays/touched-by.js';

export interface RelayLoopOptions extends Pick<RelayPlannerOptions, 'networks' | 'reports' | 'onReconnect' | 'clock'> {
  decisions: Pick<DecisionMaker<NetworkState>, 'execute'>;
  metrics: Pick<RelayPlannerMetrics, 'facts' | 'failed'>;
  logger: Pick<Logger, 'info' | 'warn'>;
}

const TICK_MS = 250;
/** How often it is asked whether another relay is much closer. */
const REBALANCE_MS = 60_000;
const RETRY_AFTER_MS = 1_000;
const ACTOR = 'service/relay-planner';

/** Turns what is heard into facts on relays, reachability and paths. Every replica does; the append decides who was first. */
export class RelayLoop {
  readonly health: RelayHealth;
  readonly #networks = new Map<string, NetworkPaths>();
  /** Network → nodes whose relay may have to change. */
  readonly #unsettled = new Map<string, Set<string>>();
  readonly #silent = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();
  /** Network → log version after the last decision of this replica. */
  readonly #decided = new Map<string, number>();
  readonly #notBefore = new Map<string, number>();
  readonly #endings: (() => void)[] = [];
  #rebalancedAt: number;

  constructor(private readonly options: RelayLoopOptions) {
    this.#rebalancedAt = this.#now();
    this.health = new RelayHealth(this.#now());
  }

  start(): void {
    const { networks, reports, onReconnect } = this.options;
    for (const [network, state] of networks.states) {
      this.#pathsOf(network).begin(state, this.#now());
      this.#unsettle(network, state.nodes.keys());
    }
    const timer = setInterval(() => this.tick(), TICK_MS);
    this.#endings.push(
      networks.onChange((change) => this.#changed(change)),
      reports.onReport((report) => this.#heard(report)),
      onReconnect(() => this.health.listenAnew(this.#now())),
      () => clearInterval(timer),
    );
  }

  async stop(): Promise<void> {
    for (const end of this.#endings.splice(0)) end();
    await this.idle();
  }

  /** Resolves when no decision is under way. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  outlook(network: string, now = this.#now()): RelayOutlook {
    const { book } = this.#pathsOf(network);
    return { isUp: (relayId) => this.health.isUp(relayId, now), rtt: (nodeId, relayId) => book.rtt(nodeId, relayId) };
  }

  /** What is known of the link of two nodes now; null: nothing. */
  latency(network: string, pair: Pair): LinkLatency | null {
    const { book } = this.#pathsOf(network);
    return linkLatency(book, pair, { monotonic: this.#now(), wall: this.options.clock.now() });
  }

  /** Looks at everything once. */
  tick(): void {
    const now = this.#now();
    const isTime = now - this.#rebalancedAt >= REBALANCE_MS;
    if (isTime) this.#rebalancedAt = now;
    for (const [network, state] of this.options.networks.states) {
      if (!isLive(state)) continue;
      for (const { nodeId, nodes } of state.relays.values())
        if (isTime || this.#silent.has(nodeId)) this.#unsettle(network, nodes);
      this.#work(network, state, now);
    }
  }

  #changed({ network, state, facts }: NetworkChange): void {
    this.#pathsOf(network).learn(state, facts, this.#now());
    const touched = touchedBy(state, facts);
    if (touched.length > 0) this.#unsettle(network, touched);
    this.#work(network, state, this.#now());
  }

  #heard(report: NodeReport): void {
    const now = this.#now();
    this.health.heard(report.nodeId, now);
    for (const [network, state] of this.options.networks.states) {
      if (!state.nodes.has(report.nodeId)) continue;
      if ('logVersion' in report.body) this.#pathsOf(network).holds(report.nodeId, report.body.logVersion ?? 0, now);
      if (report.kind !== 'observed') continue;
      this.#pathsOf(network).hear(state, report.nodeId, report.body, now);
      this.#work(network, state, now);
    }
  }

  #work(network: string, state: NetworkState, now: number): void {
    this.#noteSilence(network, state, now);
    this.#assign(network, now);
    const paths = this.#pathsOf(network);
    const due = paths.due(state, now);
    for (const nodeId of due.reachability) {
      const verdict = paths.verdict(nodeId, now);
      if (verdict)
        this.#decide(network, `reach ${nodeId}`, (meta, current) =>
          decideReachability({ ...meta, nodeId, ...verdict }, current),
        );
    }
    for (const pair of due.proofs)
      this.#decide(network, `path ${pair.join()}`, (meta, current) => decideProvePath({ ...meta, pair }, current));
    for (const { pair, reason } of due.failures)
      this.#decide(network, `path ${pair.join()}`, (meta, current) =>
        decideFailPath({ ...meta, pair, reason }, current),
      );
    for (const pair of due.tries) {
      const changedAt = paths.changedAt(pair, { monotonic: now, wall: this.options.clock.now() });
      this.#decide(network, `path ${pair.join()}`, (meta, current) =>
        decideTryPath({ ...meta, pair, changedAt }, current),
      );
    }
  }

  /** Before relays are chosen, each time: who finds one silent is to get it when it is heard again, however soon that is. */
  #noteSilence(network: string, state: NetworkState, now: number): void {
    for (const { nodeId, nodes } of state.relays.values()) {
      if (this.health.isUp(nodeId, now)) {
        if (this.#silent.delete(nodeId)) this.#unsettle(network, [...waiting(state), ...wishing(state, nodeId)]);
      } else if (!this.#silent.has(nodeId)) {
        this.#silent.add(nodeId);
        this.#unsettle(network, nodes);
      }
    }
  }

  #assign(network: string, now: number): void {
    const nodeIds = this.#unsettled.get(network);
    if (!nodeIds || nodeIds.size === 0 || !this.#mayRun(`${network} relays`)) return;
    this.#unsettled.delete(network);
    const outlook = this.outlook(network, now);
    this.#decide(
      network,
      'relays',
      (meta, state) => decideAssignRelays({ ...meta, nodeIds, outlook }, state),
      () => this.#unsettle(network, nodeIds),
    );
  }

  #decide(
    network: string,
    what: string,
    decide: (meta: CommandMeta, state: NetworkState) => Decision,
    onFailure: () => void = () => undefined,
  ): void {
    const key = `${network} ${what}`;
    const state = this.options.networks.states.get(network);
    if (!this.#mayRun(key) || !state) return;
    // An older state has no outcome of the last decision in it.
    if (state.version < (this.#decided.get(network) ?? 0)) return onFailure();
    // Only what makes facts is worth a command: commands are kept, to be answered again.
    if (decide(this.#meta(), state).facts.length === 0) return;
    const run = this.#execute(network, decide)
      .catch((error: unknown) => {
        this.#notBefore.set(key, this.#now() + RETRY_AFTER_MS);
        this.options.metrics.failed.inc();
        this.options.logger.warn({ err: error, network, what }, 'not decided, will try again');
        onFailure();
      })
      .finally(() => this.#running.delete(key));
    this.#running.set(key, run);
  }

  async #execute(network: string, decide: (meta: CommandMeta, state: NetworkState) => Decision): Promise<void> {
    const { decisions, metrics, logger } = this.options;
    const meta = this.#meta();
    const { facts, version } = await decisions.execute(network, {
      commandId: meta.commandId,
      fingerprint: 'relay-loop',
      decide: (state) => decide(meta, state),
    });
    this.#decided.set(network, Math.max(version, this.#decided.get(network) ?? 0));
    for (const { type, data } of facts) {
      metrics.facts.inc({ type });
      logger.info({ network, type, ...data }, 'decided');
    }
  }

  #meta = (): CommandMeta => ({
    commandId: randomUUID(),
    actor: ACTOR,
    at: this.options.clock.now().toISOString(),
  });

  #mayRun(key: string): boolean {
    const after = this.#notBefore.get(key);
    if (after !== undefined && this.#now() >= after) this.#notBefore.delete(key);
    return !this.#running.has(key) && !this.#notBefore.has(key);
  }

  #unsettle(network: string, nodeIds: Iterable<string>): void {
    const known = this.#unsettled.get(network) ?? new Set<string>();
    for (const nodeId of nodeIds) known.add(nodeId);
    this.#unsettled.set(network, known);
  }

  #pathsOf(network: string): NetworkPaths {
    const known = this.#networks.get(network) ?? new NetworkPaths(this.health);
    this.#networks.set(network, known);
    return known;
  }

  #now = () => this.options.clock.monotonic();
}
