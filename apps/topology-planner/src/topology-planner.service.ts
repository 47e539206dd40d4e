import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { InFlightWindow } from '#messaging/in-flight-window.js';
import type { NetworkChange, NetworkFollower } from '#service/network-follower.js';
import { Leadership } from './leadership/leadership.js';
import { PlannerMetrics } from './planner-metrics.js';
import { NetworkPublisher } from './publishing/network-publisher.js';
import { QuietCollection } from './publishing/quiet-collection.js';
import { TOPOLOGY_PLANNER_OPTIONS, type TopologyPlannerOptions } from './topology-planner.options.js';

/** A lease lives this long without renewal: how long a network waits for another publisher after a crash, milliseconds. */
const LEASE_TTL_MS = 2_000;

/** How often the heads are noted: what a takeover reads is at most what was published in between, milliseconds. */
const CHECKPOINT_EVERY_MS = 30_000;
/** After so many messages they are noted sooner, but not more often than so: reading as many takes a tenth of a second. */
const CHECKPOINT_AFTER = { messages: 4_000, ms: 2_000 };

/**
 * What a takeover needs is worked out so often by those who only follow, and first so long after they began, milliseconds: by then
 * who may publish at once does, and the others use the time until the lease of one that died is over.
 */
const PREPARE = { everyMs: 5_000, afterMs: 100 };
/**
 * Whoever prepares waits so long at a time while a network is brought up, and so long in all for another replica that has just begun
 * with one, milliseconds.
 */
const GIVE_WAY = { ms: 20, othersMs: 3_000 };
/** Networks that are brought up at a time: were it all of a hundred, each would wait for all, and the leases with them. */
const BROUGHT_UP_AT_ONCE = 4;

/** After a takeover, what a deposed publisher stored late is looked for so soon, and from then on with every checkpoint. */
const LATE_LOOKS_MS = [1_000, 5_000];

/** Follows every network and publishes for those whose lease this replica holds. */
@Injectable()
export class TopologyPlannerService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #publishers = new Map<string, NetworkPublisher>();
  readonly #metrics: PlannerMetrics;
  readonly #leadership: Leadership;
  readonly #collection = new QuietCollection(() => [...this.#publishers.values()].some(({ busy }) => busy));
  readonly #endings: (() => void)[] = [];
  readonly #looks = new Map<number, NodeJS.Timeout>();
  readonly #bringingUp = new InFlightWindow(BROUGHT_UP_AT_ONCE);
  #noted = { messages: 0, at: 0 };
  #toBringUp = 0;
  #isPrepared = false;

  constructor(@Inject(TOPOLOGY_PLANNER_OPTIONS) private readonly options: TopologyPlannerOptions) {
    this.#metrics = new PlannerMetrics(options.metrics);
    this.#leadership = new Leadership({
      leases: options.leases,
      holder: options.replica,
      ttlMs: LEASE_TTL_MS,
      monotonic: () => performance.now(),
      isPrepared: () => this.#isPrepared,
      onGained: (network, epoch) => this.#bringUp(network, epoch),
      onLost: (network) => this.#follow(network),
      onRenewed: () => this.#publishers.forEach((publisher) => publisher.resume()),
      onError: (error) => options.logger.warn({ err: error }, 'leases not renewed'),
    });
  }

  onApplicationBootstrap(): void {
    const { networks, reports } = this.options;
    this.#endings.push(networks.onChange((change) => this.#advance(change)));
    this.#endings.push(
      reports.onReport((report) => {
        for (const publisher of this.#publishers.values()) {
          if (report.kind === 'resync') publisher.requestFull(report.nodeId);
          else if (report.kind === 'heartbeat') publisher.noteHeld(report.nodeId, report.body.digest);
        }
      }),
    );
    // Whoever publishes next, under a higher epoch, finds nothing and tells every node what is right.
    this.#endings.push(this.options.onStreamRemade(() => this.#giveAllBack()));
    this.#endings.push(
      this.options.onStored((lowestEpochs) => {
        for (const publisher of this.#publishers.values()) publisher.noteStored(lowestEpochs);
      }),
    );
    this.#leadership.start();
    const timer = setInterval(() => void this.#checkpoint(), CHECKPOINT_EVERY_MS);
    this.#endings.push(() => clearInterval(timer));
    for (const network of networks.states.keys()) this.#adopt(network, networks);
    void this.#keepPrepared();
  }

  /** Whether this replica follows the log; which networks it publishes for. */
  describe(): { service: 'topology-planner'; replica: string; networks: number; publishes: string[] } {
    const { replica, networks } = this.options;
    return {
      service: 'topology-planner',
      replica,
      networks: networks.states.size,
      publishes: this.#leadership.networks,
    };
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const end of this.#endings) end();
    for (const timer of this.#looks.values()) clearTimeout(timer);
    this.#collection.stop();
    await Promise.race([
      this.#drained().then(() => this.#checkpoint()),
      new Promise((resolve) => setTimeout(resolve, 5_000).unref()),
    ]);
    this.options.stream.close();
    await this.#leadership.stop();
  }

  #giveAllBack(): void {
    for (const network of this.#leadership.networks) void this.#leadership.stepDown(network);
  }

  async #drained(): Promise<void> {
    await Promise.all([...this.#publishers.values()].map((publisher) => publisher.idle()));
  }

  #advance({ network, state, facts }: NetworkChange): void {
    const publisher = this.#publishers.get(network);
    if (publisher) publisher.advance(state, facts);
    else this.#adopt(network, this.options.networks);
  }

  #adopt(network: string, networks: NetworkFollower): void {
    const state = networks.states.get(network);
    if (!state || this.#publishers.has(network)) return;
    const { stream, logger } = this.options;
    const publisher = new NetworkPublisher(state, {
      stream,
      history: {
        stateAt: (version) => networks.stateAt(network, version),
        factsAfter: (version) => networks.factsAfter(network, version),
      },
      mayPublish: () => this.#leadership.mayPublish(network),
      onPublished: (batch) => {
        this.#metrics.published(batch);
        this.#noteSoon(batch.messages);
        this.#collection.note(batch.messages);
      },
      onUndeliverable: (nodeId, error) =>
        logger.error({ network, node: nodeId, err: error }, 'message not deliverable'),
      onRefused: (violations) => {
        this.#metrics.refused.inc();
        logger.error({ network, violations }, 'a plan that would break an invariant was not published');
      },
      onFailed: (error) => {
        logger.error({ network, err: error }, 'publishing failed, giving the lease back');
        void this.#leadership.stepDown(network);
      },
    });
    this.#publishers.set(network, publisher);
    this.#leadership.want(network);
  }

  async #bringUp(network: string, epoch: number): Promise<void> {
    this.#toBringUp += 1;
    try {
      await this.#bringingUp.run(() => this.#lead(network, epoch));
    } finally {
      this.#toBringUp -= 1;
    }
  }

  async #lead(network: string, epoch: number): Promise<void> {
    const publisher = this.#publishers.get(network);
    if (!publisher) return;
    const { stream } = this.options;
    const started = performance.now();
    const isFirst = [...this.#publishers.values()].every(({ leading }) => !leading);
    // With an older fold it would tell nodes to go back to it: a removed peer would return for a moment.
    await this.options.networks.caughtUp(network);
    const heads = await this.options.readHeads(isFirst);
    await publisher.prepare(() => setImmediate());
    // It may have been given back meanwhile, and taken again.
    if (this.#leadership.epochOf(network) !== epoch) return;
    await publisher.lead(epoch, heads);
    if (!publisher.leading) return;
    // A publisher that died between a removal and this left sealed messages behind.
    for (const nodeId of publisher.state.removedNodes.keys()) if (heads.has(nodeId)) void stream.removeNode(nodeId);
    this.#lookForLateMessages();
    const tookMs = Math.round(performance.now() - started);
    this.options.logger.info({ network, epoch, tookMs }, 'publishing for a network');
  }

  /** The one before may have been paused in the middle of something, and its messages come when it goes on. */
  #lookForLateMessages(): void {
    for (const delay of LATE_LOOKS_MS) {
      if (this.#looks.has(delay)) continue;
      const look = () => {
        this.#looks.delete(delay);
        this.options.readHeads().catch((error: unknown) => this.options.logger.warn({ err: error }, 'heads not read'));
      };
      this.#looks.set(delay, setTimeout(look, delay));
    }
  }

  /** Who follows is ready to take over, without what takes long. */
  async #keepPrepared(): Promise<void> {
    const ending = new AbortController();
    this.#endings.push(() => ending.abort());
    const { logger, stream, readHeads } = this.options;
    const pause = async () => {
      await setImmediate();
      const isUrgent = () => this.#toBringUp > 0 || this.#leadership.hasOtherBegun(GIVE_WAY.othersMs);
      while (isUrgent() && !ending.signal.aborted) await sleep(GIVE_WAY.ms);
    };
    const passed = (ms: number) => sleep(ms, undefined, { signal: ending.signal }).catch(() => undefined);
    await passed(PREPARE.afterMs);
    // What comes until there is a lease is little then.
    if (this.#leadership.networks.length < this.#publishers.size)
      readHeads(true).catch((error: unknown) => logger.warn({ err: error }, 'heads not read'));
    let isTold = false;
    while (!ending.signal.aborted) {
      const started = performance.now();
      try {
        for (const publisher of this.#publishers.values()) if (!publisher.leading) await publisher.prepare(pause);
        for (const { state } of this.#publishers.values()) await stream.prepare(state.nodes.values(), pause);
      } catch (error) {
        logger.warn({ err: error }, 'a takeover not prepared for');
      }
      if (!isTold && [...this.#publishers.values()].some(({ leading }) => !leading)) {
        logger.info({ tookMs: Math.round(performance.now() - started) }, 'ready to take over');
        isTold = true;
      }
      this.#isPrepared = true;
      await passed(PREPARE.everyMs);
    }
  }

  #noteSoon(messages: number): void {
    this.#noted.messages += messages;
    const now = performance.now();
    if (this.#noted.messages < CHECKPOINT_AFTER.messages || now - this.#noted.at < CHECKPOINT_AFTER.ms) return;
    void this.#checkpoint();
  }

  async #follow(network: string): Promise<void> {
    await this.#publishers.get(network)?.stop();
    this.options.logger.info({ network }, 'no longer publishing for a network');
  }

  async #checkpoint(): Promise<void> {
    this.#noted = { messages: 0, at: performance.now() };
    if (this.#leadership.networks.length === 0) return;
    await this.options
      .checkpoint()
      .catch((error: unknown) => this.options.logger.warn({ err: error }, 'heads not noted'));
  }
}
