import { setTimeout as sleep } from 'node:timers/promises';
import { connectService, type ServiceConnection } from '#messaging/connection.js';
import { ControlPlane } from './control-plane.js';
import { Fleet } from './fleet.js';
import { inParallel } from './in-parallel.js';
import { createNode, type MeshNode } from './mesh-node.js';
import { addFromDisk, seedLog } from './seed-log.js';

/** Above this, agents share connections: ten thousand of their own would measure this process's sockets. */
const OWN_CONNECTIONS_UP_TO = 1_000;
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

/** A network of one control plane with its agents, and the nodes that will join it. */
export class Mesh {
  readonly ownConnections: boolean;
  #nextNode = 0;

  private constructor(
    readonly plane: ControlPlane,
    readonly fleet: Fleet,
    /** With a service's rights: it hears everything and is no agent. */
    readonly observer: ServiceConnection,
    nodes: number,
  ) {
    this.ownConnections = nodes <= OWN_CONNECTIONS_UP_TO;
  }

  static async open(nodes: number): Promise<Mesh> {
    const plane = await ControlPlane.start();
    await plane.createNetwork('bench');
    const { trust } = plane;
    const urls = [plane.natsUrl];
    const fleet = new Fleet(
      nodes <= OWN_CONNECTIONS_UP_TO
        ? { kind: 'own' }
        : { kind: 'shared', urls, trust, connections: Math.ceil(nodes / AGENTS_PER_CONNECTION) },
    );
    await fleet.open();
    const observer = await connectService({ urls, creds: trust.serviceCredentials, name: 'observer' });
    return new Mesh(plane, fleet, observer, nodes);
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
    await inParallel(nodes, ENROLLING_AT_ONCE, async (node) => this.fleet.add(await this.plane.enrol(node)));
    const seconds = since();
    await this.complete();
    const perSecond = Math.round(count / seconds);
    return { by: 'joining', enrolments: count, seconds, perSecond, secondsUntilLevel: since() };
  }

  /** They joined long ago and have all on their disks; the broker knows nothing of them yet. */
  async #recallAll(count: number): Promise<Seeding> {
    await this.plane.stop();
    const seeded = await seedLog(this.plane, this.create(count));
    await this.plane.spawn();
    await this.plane.ready();
    addFromDisk(this.fleet, seeded);
    await this.complete();
    return { by: 'log', enrolments: count };
  }

  /** Resolves when nothing is on its way and every agent holds all others. */
  complete(): Promise<void> {
    return this.settled(() => this.fleet.agents.every((agent) => agent.peers === this.fleet.size - 1));
  }

  /** Resolves when no change is on its way and the agents have said what they hold: within a heartbeat. */
  reported(): Promise<void> {
    return this.settled(() => this.fleet.reportsToCome === 0);
  }

  /** Resolves when no change is on its way: every agent is level, and `also` holds. */
  async settled(also: () => boolean = () => true): Promise<void> {
    const deadline = performance.now() + LIMIT_MS;
    const { fleet } = this;
    while (!(fleet.isLevel && also())) {
      if (performance.now() > deadline) throw new Error(`not settled within ${LIMIT_MS} ms; ${fleet.arrivals.missing}`);
      await sleep(20);
    }
  }

  async close(): Promise<void> {
    await this.fleet.close();
    await this.observer.close();
    await this.plane.remove();
  }
}
