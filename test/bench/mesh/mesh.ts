import { setTimeout as sleep } from 'node:timers/promises';
import { connectService, type ServiceConnection } from '#messaging/connection.js';
import type { EventStore } from '#event-store/core/event-store.js';
import type { Agents, AgentsState } from './agents.js';
import { ControlPlane, type PlaneOptions } from './control-plane.js';
import { Fleet } from './fleet.js';
import { FleetThreads } from './fleet-threads.js';
import { inParallel } from './in-parallel.js';
import { createNode, type EnrolledNode, type MeshNode } from './mesh-node.js';
import { addFromDisk, seedLog, type SeededNetwork } from './seed-log.js';

/** Above this, agents share connections: ten thousand of their own would measure this process's sockets. */
export const OWN_CONNECTIONS_UP_TO = 1_000;
const AGENTS_PER_CONNECTION = 500;
const ENROLLING_AT_ONCE = 64;
const LIMIT_MS = 15 * 60_000;

/** How the network came to its size. */
export type Seeding =
  | {
      by: 'joining';
      enrolments: number;
      /** Until the last was acknowledged over HTTP. */
      seconds: number;
      perSecond: number;
      /** Until every agent held every other. */
      secondsUntilLevel: number;
    }
  | { by: 'log'; enrolments: number };

export interface MeshOptions extends PlaneOptions {
  /** Of the network that all nodes join. */
  cidr?: string;
  /** Whether every agent has a connection and a login of its own; where it is not said, their number decides. */
  ownConnections?: boolean;
}

export interface Pause {
  write(store: EventStore): Promise<SeededNetwork[]>;
  /** Right before the control plane is started again. */
  onStart?(): void;
  readyWithinMs?: number;
}

/** A network of one control plane with its agents, and the nodes that will join it. */
export class Mesh<A extends Agents = Fleet> {
  /** Those it was seeded with, in the order in which the fleet has them. */
  readonly nodes: EnrolledNode[] = [];
  #nextNode = 0;

  private constructor(
    readonly plane: ControlPlane,
    readonly fleet: A,
    /** With a service's rights: it hears everything and is no agent. */
    readonly observer: ServiceConnection,
    readonly ownConnections: boolean,
  ) {}

  /** @param nodes how many agents there will be about, in all networks together */
  static async open(nodes: number, options: MeshOptions = {}): Promise<Mesh> {
    const { ownConnections = nodes <= OWN_CONNECTIONS_UP_TO } = options;
    const plane = await startPlane(options);
    const { trust } = plane;
    const urls = [plane.natsUrl];
    const fleet = new Fleet(
      ownConnections
        ? { kind: 'own' }
        : { kind: 'shared', urls, trust, connections: Math.ceil(nodes / AGENTS_PER_CONNECTION) },
    );
    await fleet.open();
    return new Mesh(plane, fleet, await observe(plane), ownConnections);
  }

  /** As many agents as may have connections of their own, in all the threads that this machine runs at once. */
  static async openInThreads(): Promise<Mesh<FleetThreads>> {
    const plane = await startPlane({});
    return new Mesh(plane, new FleetThreads(), await observe(plane), true);
  }

  /** Keys of nodes that have not joined. */
  create(count: number): MeshNode[] {
    return Array.from({ length: count }, () => createNode(this.#nextNode++, { ownLogin: this.ownConnections }));
  }

  /** Grows to so many nodes; resolves when each holds all others. */
  seed(count: number): Promise<Seeding> {
    return this.ownConnections ? this.#joinAll(count) : this.#recallAll(count);
  }

  async #joinAll(count: number): Promise<Seeding> {
    const nodes = this.create(count);
    const began = performance.now();
    const since = () => Number(((performance.now() - began) / 1_000).toFixed(2));
    await inParallel(nodes, ENROLLING_AT_ONCE, async (node) => {
      const enrolled = await this.plane.enrol(node);
      this.nodes.push(enrolled);
      this.fleet.add(enrolled);
    });
    const seconds = since();
    await this.complete();
    const perSecond = Math.round(count / seconds);
    return { by: 'joining', enrolments: count, seconds, perSecond, secondsUntilLevel: since() };
  }

  /** They joined long ago and have all on their disks; the broker knows nothing of them yet. */
  async #recallAll(count: number): Promise<Seeding> {
    const { plane } = this;
    const nodes = this.create(count);
    const write = async (store: EventStore) => [await seedLog(store, { plane, network: plane.network, nodes })];
    const [seeded] = await this.whileStopped({ write });
    await this.complete();
    this.nodes.push(...(seeded?.nodes ?? []));
    return { by: 'log', enrolments: count };
  }

  /** Writes networks into the log while the control plane is stopped; then it starts, and their nodes follow from their disks. */
  async whileStopped({ write, onStart, readyWithinMs }: Pause): Promise<SeededNetwork[]> {
    const { fleet } = this;
    if (!(fleet instanceof Fleet)) throw new Error('only agents of this thread can have joined long ago');
    await this.plane.stop();
    const seeded = await this.plane.withLog(write);
    onStart?.();
    await this.plane.spawn();
    await this.plane.ready(readyWithinMs);
    for (const each of seeded) addFromDisk(fleet, each);
    return seeded;
  }

  /** Resolves when nothing is on its way and every agent holds all others. */
  complete(): Promise<void> {
    const others = () => this.fleet.size - 1;
    return this.settled(({ fewestPeers, mostPeers }) => fewestPeers === others() && mostPeers === others());
  }

  /** Resolves when no change is on its way and the agents have said what they hold: within a heartbeat. */
  reported(): Promise<void> {
    return this.settled(({ reportsToCome }) => reportsToCome === 0);
  }

  /** Resolves when no change is on its way: every agent is level, and `also` holds. */
  async settled(also: (state: AgentsState) => boolean = () => true): Promise<void> {
    const deadline = performance.now() + LIMIT_MS;
    for (let state = await this.fleet.state(); !(state.isLevel && also(state)); state = await this.fleet.state()) {
      if (performance.now() > deadline) throw new Error(`not settled within ${LIMIT_MS} ms; ${state.missing}`);
      await sleep(20);
    }
  }

  async close(): Promise<void> {
    await this.fleet.close();
    await this.observer.close();
    await this.plane.remove();
  }
}

async function startPlane({ cidr, ...options }: MeshOptions): Promise<ControlPlane> {
  const plane = await ControlPlane.start(options);
  await plane.createNetwork('bench', cidr);
  return plane;
}

function observe({ natsUrl, trust }: ControlPlane): Promise<ServiceConnection> {
  return connectService({ urls: [natsUrl], creds: trust.serviceCredentials, name: 'observer' });
}
