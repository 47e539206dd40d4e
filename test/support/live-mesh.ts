import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkFact, RecordedFact } from '#contracts/facts.js';
import { digestOf, formatDigest } from '#contracts/node-stream.js';
import { eventSubject, STREAMS } from '#contracts/subjects.js';
import { connectService, type ServiceConnection } from '#messaging/connection.js';
import { fromCloudEvent } from '#messaging/fact-cloud-event.js';
import type { Trust } from '#messaging/trust.js';
import { planAll } from '#planner/plan-node.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import type { ControlPlane } from './control-plane.js';
import { PatientClient } from './patient-client.js';
import { bearerOf, type NodePlace, SimulatedNode } from './simulated-node.js';
import { until } from './wait.js';

/** One network of a real control plane, with simulated nodes in it; what is true of it when nothing is under way. */
export class LiveMesh {
  /** Those that are to hold what is planned for them. */
  readonly nodes: SimulatedNode[] = [];

  private constructor(
    readonly plane: ControlPlane,
    readonly client: PatientClient,
    readonly name: string,
    private readonly made: { networkId: string; token: string; placeOf(name: string): NodePlace },
  ) {}

  /** @param placeOf where the nodes of these names are; by default they say nothing of it */
  static async create(
    plane: ControlPlane,
    name: string,
    placeOf: (name: string) => NodePlace = () => ({}),
  ): Promise<LiveMesh> {
    const client = new PatientClient(plane.http, plane.token);
    const { body: network } = await client.ask<{ networkId: string }>('POST', '/networks', { name });
    const { body: key } = await client.ask<{ token: string }>('POST', `/networks/${name}/enrollment-keys`, {});
    const { networkId } = network;
    return new LiveMesh(plane, client, name, { networkId, token: key.token, placeOf });
  }

  /** With which anybody may join. */
  get token(): string {
    return this.made.token;
  }

  /** Joins, and asks until it is told yes. */
  async enter(name: string): Promise<SimulatedNode> {
    const node = new SimulatedNode(name, this.made.placeOf(name));
    const ask = () => node.enrol(this.plane.http, bearerOf(this.token)).then(...answered);
    await until(`${name} to join`, ask, 60_000);
    this.nodes.push(node);
    return node;
  }

  /** Of what is in the network; without `rest`, of the network itself. */
  path(rest = ''): string {
    return `/networks/${this.name}${rest && `/${rest}`}`;
  }

  /** The network's log, all of it. */
  async facts(): Promise<RecordedFact<NetworkFact>[]> {
    const facts: RecordedFact<NetworkFact>[] = [];
    for (;;) {
      const { items } = await this.client.get<{ items: RecordedFact<NetworkFact>[] }>(
        this.path(`events?limit=1000&after=${facts.length}`),
      );
      facts.push(...items.map((item) => ({ ...item, stream: this.made.networkId })));
      if (items.length < 1_000) return facts;
    }
  }

  async state(): Promise<NetworkState> {
    return (await this.facts()).reduce(networkFold.evolve, networkFold.initialState);
  }

  /** Waits until every node holds what the oracle plans from the log. */
  async level(withinMs = 30_000): Promise<void> {
    let behind: string[] = [];
    const look = async () => {
      const plan = planAll(await this.state());
      behind = this.nodes
        .filter(({ id, digest }) => digest !== formatDigest(digestOf(plan.get(id) ?? [])))
        .map(({ name }) => name);
      return behind.length === 0;
    };
    await until('every node to hold its plan', look, withinMs).catch(() => {
      throw new Error(`not within ${withinMs} ms: ${behind.join(', ')} hold something else than their plan`);
    });
  }

  /** Waits until JetStream holds each fact of the log, word for word, and none besides. */
  async distributed(withinMs = 30_000): Promise<void> {
    const connection = await this.broker();
    try {
      await until(
        'JetStream to equal the log',
        async () => {
          // A broker that is still electing does not answer.
          const held = await this.#published(connection).catch(() => undefined);
          return held && sameTexts(held, (await this.facts()).map(textOf));
        },
        withinMs,
      );
    } finally {
      await connection.close();
    }
  }

  /** A connection with the rights of a service. */
  broker(): Promise<ServiceConnection> {
    const { brokers = [] } = this.plane.ready();
    const trust = JSON.parse(readFileSync(join(this.plane.dir, 'data', 'keys', 'trust.json'), 'utf8')) as Trust;
    return connectService({ urls: brokers.map(({ url }) => url), creds: trust.serviceCredentials, name: 'test' });
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
  }

  /** Each once: what is stored twice, outside the broker's window, is one fact. */
  async #published(connection: ServiceConnection): Promise<string[]> {
    const consumer = await connection.jetstream.consumers.get(STREAMS.events, {
      filter_subjects: eventSubject(this.name, '*'),
    });
    const texts = new Set<string>();
    const { num_pending: pending } = await consumer.info();
    if (pending === 0) return [];
    for await (const message of await consumer.fetch({ max_messages: pending, expires: 5_000 }))
      texts.add(textOf(fromCloudEvent(message.string())));
    return [...texts];
  }
}

const answered = [() => true, () => false] as const;

const textOf = ({ version, type, data, metadata, hash }: RecordedFact) =>
  JSON.stringify([version, type, data, metadata.commandId, metadata.actor, metadata.at, hash]);

const sameTexts = (one: string[], other: string[]) =>
  one.length === other.length && [...new Set([...one, ...other])].length === one.length;
