import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Registry } from 'prom-client';
import type { NetworkFact, NewFact, RecordedFact } from '#contracts/facts.js';
import type { ObservedLink, ObservedReport } from '#contracts/reports.js';
import { DecisionMaker } from '#event-store/core/decision-maker.js';
import { MemoryEventStore } from '#event-store/memory/memory-event-store.js';
import type { NodeReport } from '#messaging/reports.js';
import { NetworkFollower } from '#service/network-follower.js';
import { networkFold } from '#topology/network-fold.js';
import { fact } from '../../../test/support/given.js';
import { lanEndpoint, publicEndpoint } from '../../../test/support/network-history.js';
import { NETWORK_ID, networkCreated, nodeEnrolled, nodeId } from '../../../test/support/network-facts.js';
import { place, reachabilityDecided, relaySet } from '../../../test/support/relay-facts.js';
import { RelayLoop } from './relay-loop.js';
import { RelayPlannerMetrics } from './relay-planner.metrics.js';

/** Relays r and s that anybody can call; a and b, each behind NAT of its own. */
const IDS = { r: nodeId(1), s: nodeId(2), a: nodeId(3), b: nodeId(4) };
type Name = keyof typeof IDS;
const nameOf = (id: unknown) => Object.entries(IDS).find(([, each]) => each === id)?.[0] ?? String(id);
const ORIGIN = Date.UTC(2026, 5, 1);
const silentLogger = { info: () => undefined, warn: () => undefined };

/** A replica over a shared log, on the world's clock. */
class Replica {
  readonly loop: RelayLoop;
  readonly follower: NetworkFollower;
  readonly #hearers = new Set<(report: NodeReport) => void>();
  #reconnected: () => void = () => undefined;
  #deliver: (facts: RecordedFact[]) => void = () => undefined;
  /** Nothing that agents tell reaches it. */
  deaf = false;

  constructor(store: MemoryEventStore, monotonic: () => number) {
    this.follower = new NetworkFollower(store, async ({ onFacts }) => {
      this.#deliver = (facts) => void onFacts(NETWORK_ID, facts);
      return { stop: async () => undefined };
    });
    this.loop = new RelayLoop({
      networks: this.follower,
      decisions: new DecisionMaker({ store, fold: networkFold, snapshotEvery: 1_000 }),
      reports: {
        onReport: (listener) => {
          this.#hearers.add(listener);
          return () => this.#hearers.delete(listener);
        },
      },
      onReconnect: (listener) => {
        this.#reconnected = listener;
        return () => undefined;
      },
      clock: { now: () => new Date(ORIGIN + monotonic()), monotonic },
      metrics: new RelayPlannerMetrics(new Registry()),
      logger: silentLogger,
    });
  }

  async start(): Promise<void> {
    await this.follower.start();
    this.loop.start();
  }

  get version(): number {
    return this.follower.states.get(NETWORK_ID)?.version ?? 0;
  }

  follow(facts: RecordedFact[]): void {
    const news = facts.filter(({ version }) => version > this.version);
    if (news.length > 0) this.#deliver(news);
  }

  hear(report: NodeReport): void {
    if (!this.deaf) for (const hear of this.#hearers) hear(report);
  }

  reconnect(): void {
    this.deaf = false;
    this.#reconnected();
  }
}

/** Time passes in steps of 250 ms; relays tell of themselves twice a second, the others every 30 s. */
class World {
  now = 0;
  readonly store = new MemoryEventStore();
  readonly replicas: Replica[] = [];
  readonly dead = new Set<Name>();
  readonly #log: RecordedFact[] = [];
  #begun = 0;

  static async begin(replicas = 1): Promise<World> {
    const world = new World();
    world.store.onAppended((facts) => void world.#log.push(...facts));
    await world.happens(
      networkCreated(),
      nodeEnrolled(1, { endpoints: [publicEndpoint('203.0.113.1')] }),
      nodeEnrolled(2, { endpoints: [publicEndpoint('203.0.113.2')] }),
      nodeEnrolled(3, { endpoints: [lanEndpoint('192.168.1.1')] }),
      nodeEnrolled(4, { endpoints: [lanEndpoint('192.168.2.1')] }),
      reachabilityDecided(IDS.a, place('endpoint-independent', 3)),
      reachabilityDecided(IDS.b, place('endpoint-independent', 4)),
      relaySet(IDS.r),
    );
    for (let n = 0; n < replicas; n++) {
      const replica = new Replica(world.store, () => world.now);
      await replica.start();
      world.replicas.push(replica);
    }
    // All replicas have settled in, and both nodes are behind r.
    await world.passes(30);
    await world.happens(relaySet(IDS.s));
    world.#begun = world.#log.length;
    return world;
  }

  async happens(...facts: NetworkFact[]): Promise<void> {
    const expectedVersion = await this.store.head(NETWORK_ID);
    const news = facts.map((one) => fact(one, new Date(ORIGIN + this.now).toISOString())) as NewFact[];
    await this.store.append([{ stream: NETWORK_ID, expectedVersion, facts: news }], []);
    await this.#settle();
  }

  async tells(
    from: Name,
    told: { run?: string; links?: [Name, ObservedLink['link']][]; forwarded?: [Name, Name][] },
  ): Promise<void> {
    const { run = 'run-1', links = [], forwarded = [] } = told;
    const body: ObservedReport = {
      run,
      endpoints: [],
      peers: links.map(([to, link]) => ({ nodeId: IDS[to], link, rtt: 5, endpoint: null })),
      forwarded: forwarded.map(([a, b]) => [IDS[a], IDS[b]]),
    };
    for (const replica of this.replicas) replica.hear({ nodeId: IDS[from], kind: 'observed', body });
    await this.#settle();
  }

  async passes(seconds: number): Promise<void> {
    for (const end = this.now + seconds * 1_000; this.now < end;) {
      this.now += 250;
      for (const name of Object.keys(IDS) as Name[]) {
        const every = name === 'r' || name === 's' ? 500 : 30_000;
        if (this.dead.has(name) || this.now % every !== 0) continue;
        const body = { gateways: [], handshakeAge: 0 };
        for (const replica of this.replicas) replica.hear({ nodeId: IDS[name], kind: 'probe', body });
      }
      if (this.now % 1_000 === 0) this.#allHold();
      for (const { loop } of this.replicas) loop.tick();
      await this.#settle();
    }
  }

  /** Every node tells that it holds what follows from the log up to now. */
  #allHold(): void {
    for (const replica of this.replicas)
      for (const [name, nodeId] of Object.entries(IDS)) {
        const body = { epoch: 1, revision: 1, digest: '', logVersion: this.#log.length, tookMs: 1 };
        if (!this.dead.has(name as Name)) replica.hear({ nodeId, kind: 'applied', body });
      }
  }

  /** `<seconds> <type> <what>` of each fact that replicas decided since the 30th second, when the world began. */
  decided(): string[] {
    const seconds = (at: string) => (Date.parse(at) - ORIGIN) / 1_000;
    return (this.#log.slice(this.#begun) as RecordedFact<NetworkFact>[])
      .filter(({ metadata }) => metadata.actor === 'service/relay-planner')
      .map(({ type, data, metadata }) =>
        [seconds(metadata.at), type, ...detailsOf({ type, data } as NetworkFact)].join(' '),
      );
  }

  relayOf(name: Name): string {
    return nameOf(this.replicas[0]?.follower.states.get(NETWORK_ID)?.assignments.get(IDS[name])?.relayId);
  }

  async #settle(): Promise<void> {
    for (let rounds = 0; ; rounds++) {
      if (rounds > 100) throw new Error('replicas take turns for ever');
      for (const { loop } of this.replicas) await loop.idle();
      if (this.replicas.every(({ version }) => version >= this.#log.length)) return;
      for (const replica of this.replicas) replica.follow(this.#log);
    }
  }
}

function detailsOf({ type, data }: NetworkFact): string[] {
  if (type === 'RelayAssigned') return [nameOf(data.nodeId), nameOf(data.relayId), data.reason];
  if (type === 'PathTried' || type === 'PathProven' || type === 'PathForgotten')
    return [nameOf(data.a), nameOf(data.b)];
  return type === 'PathFailed' ? [nameOf(data.a), nameOf(data.b), data.reason] : [];
}

// The loop's own timer never fires: the world ticks.
beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance'] }));
afterEach(() => void jest.useRealTimers());

describe.each([1, 2])('%i replica(s)', (replicas) => {
  test('while nothing changes nothing is decided, however often it is told', async () => {
    const world = await World.begin(replicas);
    for (let n = 0; n < 20; n++) {
      await world.tells('a', { links: [['r', 'up']] });
      await world.passes(10);
    }
    expect([world.relayOf('a'), world.relayOf('b'), world.decided()]).toEqual(['r', 'r', []]);
  });

  test('a silent relay is left within two seconds, one fact per node, and nobody goes back when it returns', async () => {
    const world = await World.begin(replicas);
    world.dead.add('r');
    await world.passes(10);
    const moves = ['31.75 RelayAssigned a s relay lost', '31.75 RelayAssigned b s relay lost'];
    expect(world.decided()).toEqual(moves);
    world.dead.delete('r');
    await world.passes(120);
    expect(world.decided()).toEqual(moves);
  });

  test('who is wished to be behind a relay goes back to it when it is there again', async () => {
    const world = await World.begin(replicas);
    await world.happens({ type: 'RelayPinned', data: { nodeId: IDS.a, relayId: IDS.r } });
    world.dead.add('r');
    await world.passes(10);
    expect([world.relayOf('a'), world.relayOf('b')]).toEqual(['s', 's']);
    world.dead.delete('r');
    await world.passes(1);
    expect([world.relayOf('a'), world.relayOf('b')]).toEqual(['r', 's']);
  });

  test('who found the only relay silent gets it when it is heard, also before anybody looked at the relay again', async () => {
    const world = await World.begin(replicas);
    await world.happens(...[IDS.r, IDS.s].map((nodeId) => ({ type: 'RelayUnset', data: { nodeId } }) as const));
    world.dead.add('r');
    await world.passes(5.25);
    await world.happens(relaySet(IDS.r));
    world.dead.delete('r');
    await world.passes(1);
    expect([world.relayOf('a'), world.relayOf('b')]).toEqual(['r', 'r']);
  });

  test('when all relays are silent, it is the control plane that does not hear', async () => {
    const world = await World.begin(replicas);
    for (const replica of world.replicas) replica.deaf = true;
    await world.passes(20);
    for (const replica of world.replicas) replica.reconnect();
    await world.passes(20);
    expect(world.decided()).toEqual([]);
  });

  test('a pair that talks is tried once, proven when both ends have told, and given up when one goes silent', async () => {
    const world = await World.begin(replicas);
    await world.tells('r', { forwarded: [['b', 'a']] });
    await world.passes(1);
    await world.tells('a', { links: [['b', 'up']] });
    await world.tells('b', { links: [['a', 'up']] });
    await world.passes(20);
    await world.tells('b', { links: [['a', 'unanswered']] });
    await world.passes(5);
    // Told again and again, it is tried again after 30 s.
    for (let n = 0; n < 6; n++) {
      await world.tells('r', { forwarded: [['a', 'b']] });
      await world.passes(5);
    }
    expect(world.decided().map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'PathTried a b',
      'PathProven a b',
      'PathFailed a b silent',
      'PathTried a b',
    ]);
  });

  /** Seconds from the first trial to each. */
  const triedAfter = (world: World) => {
    const at = world.decided().flatMap((line) => (line.includes('PathTried') ? [parseFloat(line)] : []));
    return at.map((each) => Math.round(each - (at[0] ?? 0)));
  };

  test('a trial without a handshake ends, and the next waits twice as long each time', async () => {
    const world = await World.begin(replicas);
    await talkFor(world, 600);
    // Each lasts 15 s, and then come 5 s, 10 s, 20 s, …
    expect(triedAfter(world)).toEqual([0, 22, 49, 86, 143, 240, 417]);
  });

  test('a pair that failed is tried anew when the agent of one of both is started again', async () => {
    const world = await World.begin(replicas);
    await world.tells('a', {});
    await talkFor(world, 300);
    expect(triedAfter(world).at(-1)).toBe(240);
    await world.tells('a', { run: 'run-2' });
    await talkFor(world, 120);
    expect(triedAfter(world).slice(-5)).toEqual([240, 301, 323, 350, 387]);
  });

  async function talkFor(world: World, seconds: number): Promise<void> {
    for (let passed = 0; passed < seconds; passed += 30) {
      await world.tells('r', { forwarded: [['a', 'b']] });
      await world.passes(30);
    }
  }

  test('a node that is cut off from its relay gets another one', async () => {
    const world = await World.begin(replicas);
    await world.tells('r', { links: [['s', 'up']] });
    await world.tells('a', { links: [['s', 'up'], ['r', 'unanswered']] }); // prettier-ignore
    await world.passes(2);
    expect(world.decided()).toEqual(['30.5 PathFailed r a no answer', '30.5 RelayAssigned a s relay lost']);
    expect([world.relayOf('a'), world.relayOf('b')]).toEqual(['s', 'r']);
  });
});

test('what one replica cannot hear the other decides', async () => {
  const world = await World.begin(2);
  const [deaf] = world.replicas;
  deaf!.deaf = true;
  world.dead.add('r');
  await world.passes(5);
  expect([world.relayOf('a'), world.relayOf('b')]).toEqual(['s', 's']);
});
