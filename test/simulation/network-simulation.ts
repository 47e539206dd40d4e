import { isDeepStrictEqual } from 'node:util';
import type { NodeSet } from '#contracts/node-fold.js';
import { formatDigest } from '#contracts/node-stream.js';
import { digests } from '#planner/digests.js';
import { planNode } from '#planner/plan-node.js';
import { NetworkPublisher } from '../../apps/topology-planner/src/publishing/network-publisher.js';
import type { NetworkHistory } from '../support/network-history.js';
import { SimulatedAgent } from './agent.js';
import { SimulatedBroker, type Weather } from './broker.js';
import { HeldSets } from './held-sets.js';
import { Random } from './random.js';
import { VirtualClock } from './virtual-clock.js';

/** A planner's process. */
interface Replica {
  publisher: NetworkPublisher;
  /** How far its fold is. */
  version: number;
  alive: boolean;
  /** Whether it knows that its lease, if it has it, did not lapse. */
  sure: boolean;
  /** Whoever lost the lease takes it again only when nothing of its own is in flight. */
  stopped: Promise<void>;
}

const STORM: Weather = { loss: 0.2, duplication: 0.2, delay: 300 };
const CALM: Weather = { loss: 0, duplication: 0, delay: 20 };
/** Virtual milliseconds. Agents look for lost messages every minute or so: the calm lasts a few of them. */
const STORM_LASTS = 20_000;
const CALM_LASTS = 300_000;
const LEASE = 2_000;

/**
 * One network's planners, its stream and all its agents in one process under a virtual clock. While the storm lasts, facts
 * are recorded, messages are lost, doubled and overtaken, agents and planners crash, and planners take over while messages
 * of the one before are still on their way, which then come too late. Then it is calm, and everybody has to agree.
 */
export class NetworkSimulation {
  /** What must never happen and did. */
  readonly faults: string[] = [];
  readonly #agents = new Map<string, SimulatedAgent>();
  readonly #clock = new VirtualClock();
  readonly #random: Random;
  readonly #broker: SimulatedBroker;
  readonly #held: HeldSets;
  #leader: Replica;
  #standby: Replica;
  #recorded = 0;
  #epoch = 0;

  constructor(
    private readonly history: NetworkHistory,
    seed: number,
  ) {
    this.#random = new Random(seed);
    this.#held = new HeldSets(history);
    this.#broker = new SimulatedBroker(this.#clock, this.#random);
    this.#leader = this.#newReplica();
    this.#standby = this.#newReplica();
  }

  /** @returns all that went wrong, empty when nothing did */
  async run(): Promise<string[]> {
    this.#broker.weather = STORM;
    void this.#lead();
    this.#recordFrom(1);
    this.#strike();
    await this.#clock.runUntil(STORM_LASTS);
    this.#broker.weather = CALM;
    await this.#clock.runUntil(STORM_LASTS + CALM_LASTS);
    return [...this.faults, ...this.#disagreements()];
  }

  /** Facts come one after the other, often some at once. */
  #recordFrom(version: number): void {
    if (version > this.history.facts.length) return;
    const pause = this.#random.chance(0.5) ? 20 : (1.5 * STORM_LASTS) / this.history.facts.length;
    this.#clock.in(this.#random.between(0, pause), () => {
      this.#record(version);
      this.#recordFrom(version + 1);
    });
  }

  /** A fact is in the log: replicas hear of it one after the other. */
  #record(version: number): void {
    this.#recorded = version;
    const fact = this.history.facts[version - 1];
    for (const replica of [this.#leader, this.#standby])
      this.#clock.in(this.#random.between(0, 1_000), () => this.#advance(replica, version));
    if (fact?.type === 'NodeEnrolled') this.#join(fact.data.nodeId);
    if (fact?.type === 'NodeRemoved') {
      this.#agents.get(fact.data.nodeId)?.stop();
      this.#agents.delete(fact.data.nodeId);
    }
  }

  #advance(replica: Replica, version: number): void {
    if (version <= replica.version || !replica.alive) return;
    const facts = this.history.facts.slice(replica.version, version);
    replica.version = version;
    replica.publisher.advance(this.history.stateAt(version), facts);
  }

  #join(nodeId: string): void {
    let logVersion = 0;
    const agent = new SimulatedAgent(nodeId, {
      clock: this.#clock,
      random: this.#random,
      broker: this.#broker,
      askForFull: () => this.#leader.publisher.requestFull(nodeId),
      heartbeat: ({ digest }) => this.#leader.publisher.noteHeld(nodeId, formatDigest(digest)),
      onFolded: (set) => {
        this.#checkFolded(nodeId, set);
        if (set.logVersion < logVersion)
          this.faults.push(`${nodeId} went back from version ${logVersion} to ${set.logVersion}`);
        logVersion = set.logVersion;
      },
      onMismatch: ({ head }) =>
        this.faults.push(`revision ${head.revision} of ${nodeId} leads elsewhere than to its digest`),
    });
    this.#agents.set(nodeId, agent);
    agent.start();
  }

  /** What an agent holds is at every moment the plan of the version it names, of none in between, and sound with what others hold. */
  #checkFolded(nodeId: string, set: NodeSet): void {
    const { logVersion, digest } = set;
    if (digests(this.history.stateAt(logVersion), [nodeId]).get(nodeId) !== digest)
      this.faults.push(`${nodeId} holds another set than the plan of version ${logVersion}`);
    this.faults.push(...this.#held.fold(nodeId, set));
  }

  /** Something bad every now and then, as long as the storm lasts. */
  #strike(): void {
    this.#clock.in(this.#random.between(0, 2_000), () => {
      if (this.#clock.now > STORM_LASTS) return;
      const fate = this.#random.next();
      if (fate < 0.2) this.#crashLeader();
      else if (fate < 0.4) this.#loseLease();
      else if (fate < 0.5) this.#doubtLease();
      else this.#crashAgent();
      this.#strike();
    });
  }

  #crashAgent(): void {
    const agents = [...this.#agents.values()];
    const agent = agents[Math.floor(this.#random.next() * agents.length)];
    if (!agent) return;
    agent.stop();
    this.#clock.in(this.#random.between(0, 3_000), () => {
      if (this.#agents.get(agent.nodeId) === agent) agent.start();
    });
  }

  /** Nobody publishes until the lease has lapsed. What the dead process has sent may come in even after that. */
  #crashLeader(): void {
    if (!this.#leader.alive) return;
    this.#leader.alive = false;
    this.#clock.in(this.#random.between(0, LEASE), () => {
      this.#leader = this.#standby;
      this.#standby = this.#newReplica();
      void this.#lead();
    });
  }

  /** The other one gets the lease, while this one lives, with messages on their way and facts that wait. */
  #loseLease(): void {
    if (!this.#leader.alive) return;
    [this.#leader, this.#standby] = [this.#standby, this.#leader];
    this.#standby.stopped = this.#standby.publisher.stop();
    void this.#lead();
  }

  /** The lease cannot be renewed in time, and then can. */
  #doubtLease(): void {
    const doubtful = this.#leader;
    doubtful.sure = false;
    this.#clock.in(this.#random.between(0, LEASE), () => {
      doubtful.sure = true;
      doubtful.publisher.resume();
    });
  }

  /** Whoever gets the lease reads the log to its end first: a fold that lags would send agents back in time. */
  async #lead(): Promise<void> {
    const next = this.#leader;
    const epoch = ++this.#epoch;
    await next.stopped;
    if (next !== this.#leader || epoch !== this.#epoch || !next.alive) return;
    this.#advance(next, this.#recorded);
    await next.publisher.lead(epoch, this.#broker.heads());
  }

  #newReplica(): Replica {
    const version = this.#recorded;
    const replica: Replica = {
      version,
      alive: true,
      sure: true,
      stopped: Promise.resolve(),
      publisher: new NetworkPublisher(this.history.stateAt(version), {
        stream: this.#broker.connect(() => replica.alive),
        history: {
          stateAt: async (at) => this.history.stateAt(at),
          factsAfter: async (at) => this.history.facts.slice(at),
        },
        mayPublish: () => replica.sure && replica === this.#leader,
        onRefused: (violations) => this.faults.push(...violations.map(({ message }) => `refused: ${message}`)),
        onFailed: (error) => this.faults.push(`publisher failed: ${String(error)}`),
      }),
    };
    return replica;
  }

  #disagreements(): string[] {
    const { state } = this.history;
    return [...this.#agents.values()].flatMap(({ nodeId, held }) => {
      const planned = planNode(state, nodeId);
      const holds = [...(held?.resources.values() ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
      return isDeepStrictEqual(holds, planned)
        ? []
        : [`${nodeId} ends with ${holds.length} of ${planned.length} resources`];
    });
  }
}
