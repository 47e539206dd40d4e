import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { Unavailable } from '#contracts/errors.js';
import type { NetworkFact, NewFact, RecordedFact } from '#contracts/facts.js';
import { DecisionMaker } from '#event-store/core/decision-maker.js';
import { MemoryEventStore } from '#event-store/memory/memory-event-store.js';
import type { NodeReport } from '#messaging/reports.js';
import { NetworkFollower } from '#service/network-follower.js';
import { networkFold } from '#topology/network-fold.js';
import { activated, gatewayCreated, gatewayId } from '../../../../test/support/gateway-facts.js';
import { fact } from '../../../../test/support/given.js';
import {
  NETWORK_ID,
  networkCreated,
  nodeEnrolled,
  nodeId,
  nodeRemoved,
} from '../../../../test/support/network-facts.js';
import { GatewayManagerMetrics } from '../gateway-manager.metrics.js';
import { ElectionLoop } from './election-loop.js';

const [A, B] = [nodeId(1), nodeId(2)];
const names = new Map([
  [A, 'a'],
  [B, 'b'],
]);
const silentLogger = { info: () => undefined, warn: () => undefined };

/** A replica over a shared log, on the world's clock. What it hears and when its fold is current is the test's doing. */
class Replica {
  readonly loop: ElectionLoop;
  readonly follower: NetworkFollower;
  readonly #hearers = new Set<(report: NodeReport) => void>();
  readonly #reconnects = new Set<() => void>();
  #deliver: (facts: RecordedFact[]) => void = () => undefined;
  /** Reports that lie in the socket of a process that does not read. */
  unread: NodeReport[] = [];
  /** Whose reports lie in a socket although it reads. */
  readonly late = new Set<string>();
  asleep = false;
  /** Facts do not reach it. */
  behind = false;
  brokerAway = false;
  failures = 0;

  constructor(store: MemoryEventStore, monotonic: () => number) {
    this.follower = new NetworkFollower(store, async ({ onFacts }) => {
      this.#deliver = (facts) => void onFacts(NETWORK_ID, facts);
      return { stop: async () => undefined };
    });
    const metrics = new GatewayManagerMetrics(new Registry());
    this.loop = new ElectionLoop({
      networks: this.follower,
      decisions: new DecisionMaker({ store, fold: networkFold, snapshotEvery: 1_000 }),
      reports: {
        onReport: (listener) => {
          this.#hearers.add(listener);
          return () => this.#hearers.delete(listener);
        },
      },
      hearAll: async () => {
        if (this.brokerAway) throw new Unavailable('broker', 'away');
        this.read();
      },
      onReconnect: (listener) => {
        this.#reconnects.add(listener);
        return () => this.#reconnects.delete(listener);
      },
      clock: { now: () => new Date(Date.UTC(2026, 5, 1) + monotonic()), monotonic },
      metrics: { elected: metrics.elected, electionFailed: { inc: () => (this.failures += 1) } as never },
      logger: silentLogger,
    });
  }

  async start(): Promise<void> {
    await this.follower.start();
    this.loop.start();
  }

  follow(facts: RecordedFact[]): void {
    const known = this.follower.states.get(NETWORK_ID)?.version ?? 0;
    const news = facts.filter(({ version }) => version > known);
    if (news.length > 0) this.#deliver(news);
  }

  hear(report: NodeReport): void {
    if (this.asleep || this.brokerAway || this.late.has(report.nodeId)) this.unread.push(report);
    else for (const hear of this.#hearers) hear(report);
  }

  read(): void {
    for (const report of this.unread.splice(0)) for (const hear of this.#hearers) hear(report);
  }

  reconnect(): void {
    this.brokerAway = false;
    this.unread = [];
    for (const reconnected of this.#reconnects) reconnected();
  }
}

interface Member {
  /** The agent reports. */
  alive: boolean;
  /** The range behind it answers. */
  ok: boolean;
  /** Seconds. */
  handshakeAge: number | null;
}

/** A gateway with members a and b, a preferred; time passes in steps of 250 ms, reports come every 500 ms. */
class World {
  now = 0;
  readonly store = new MemoryEventStore();
  readonly replicas: Replica[] = [];
  readonly members = new Map<string, Member>([A, B].map((id) => [id, { alive: true, ok: true, handshakeAge: 10 }]));
  /** What is on its way to a follower, per replica. */
  readonly #seen: RecordedFact[] = [];

  static async begin(replicas = 1): Promise<World> {
    const world = new World();
    world.store.onAppended((facts) => void world.#seen.push(...facts));
    await world.happens(
      networkCreated(),
      nodeEnrolled(1),
      nodeEnrolled(2),
      nodeEnrolled(3),
      gatewayCreated(1, { members: [A, B] }),
      activated(1, A),
    );
    for (let n = 0; n < replicas; n++) await world.newReplica();
    return world;
  }

  async newReplica(): Promise<Replica> {
    const replica = new Replica(this.store, () => this.now);
    await replica.start();
    this.replicas.push(replica);
    return replica;
  }

  member(id: string): Member {
    return this.members.get(id)!;
  }

  /** Facts of others. */
  async happens(...facts: NetworkFact[]): Promise<void> {
    const expectedVersion = await this.store.head(NETWORK_ID);
    const news = facts.map((one) => fact(one)) as NewFact[];
    await this.store.append([{ stream: NETWORK_ID, expectedVersion, facts: news }], []);
    await this.settle();
  }

  async passes(seconds: number): Promise<void> {
    for (const end = this.now + seconds * 1_000; this.now < end;) {
      this.now += 250;
      if (this.now % 500 === 0) this.#report();
      for (const { loop, asleep } of this.replicas) if (!asleep) loop.tick();
      await this.settle();
    }
  }

  /** `<seconds> <member> <reason>` of each activation since the beginning. */
  async moves(): Promise<string[]> {
    const facts = await this.store.read(NETWORK_ID);
    return facts
      .filter(({ metadata }) => metadata.actor === 'service/gateway-manager')
      .map(({ type, data, metadata }) => {
        const seconds = (Date.parse(metadata.at) - Date.UTC(2026, 5, 1)) / 1_000;
        if (type !== 'GatewayActivated') return `${seconds} ${type}`;
        return `${seconds} ${names.get(data.active ?? '') ?? 'nobody'} ${data.reason}`;
      });
  }

  async settle(): Promise<void> {
    for (let quiet = false, rounds = 0; !quiet; rounds++) {
      if (rounds > 100) throw new Error('replicas take turns for ever');
      for (const { loop } of this.replicas) await loop.idle();
      quiet = this.replicas.every(({ asleep, behind, follower }) => {
        return asleep || behind || (follower.states.get(NETWORK_ID)?.version ?? 0) >= this.#seen.length;
      });
      for (const replica of this.replicas) if (!replica.asleep && !replica.behind) replica.follow(this.#seen);
      for (const { loop } of this.replicas) await loop.idle();
    }
  }

  #report(): void {
    for (const [id, { alive, ok, handshakeAge }] of this.members) {
      if (!alive) continue;
      const gateways = [{ gatewayId: gatewayId(1), ok, detail: ok ? 'echo' : 'no echo' }];
      for (const replica of this.replicas)
        replica.hear({ nodeId: id, kind: 'probe', body: { gateways, handshakeAge } });
    }
  }
}

// The loop's own timer never fires: the world ticks.
beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance'] }));
afterEach(() => void jest.useRealTimers());

describe('one replica', () => {
  test('while all is well nothing happens, and an idle network is well', async () => {
    const world = await World.begin();
    await world.passes(60);
    world.members.forEach((member) => (member.handshakeAge = 4_000));
    await world.passes(60);
    expect(await world.moves()).toEqual([]);
  });

  test('a killed host is left within two seconds, and takes back when it was good for 30 s', async () => {
    const world = await World.begin();
    await world.passes(60);
    world.member(A).alive = false;
    await world.passes(20);
    world.member(A).alive = true;
    await world.passes(60);
    expect(await world.moves()).toEqual(['62 b host lost', '110.5 a preferred']);
  });

  test('a dead LAN is left with the second bad probe, however well the host itself is', async () => {
    const world = await World.begin();
    await world.passes(60);
    world.member(A).ok = false;
    await world.passes(60);
    expect(await world.moves()).toEqual(['61 b probe failed']);
  });

  test('a single lost probe moves nothing', async () => {
    const world = await World.begin();
    await world.passes(60);
    for (let n = 0; n < 20; n++) {
      world.member(A).ok = n % 2 === 0;
      await world.passes(0.5);
    }
    expect(await world.moves()).toEqual([]);
  });

  test.each<[string, NetworkFact[], string[]]>([
    [
      'drained',
      [{ type: 'GatewayDraining', data: { gatewayId: gatewayId(1), nodeId: A, draining: true } }],
      ['60 b drained'],
    ],
    ['disabled', [{ type: 'NodeDisabled', data: { nodeId: A } }], ['60 b host lost']],
    ['removed', [nodeRemoved(1)], ['60 b member removed', '60 GatewayChanged']],
    ['with all others removed', [nodeRemoved(2), nodeRemoved(1)], ['60 nobody member removed', '60 GatewayChanged']],
  ])('a member that is %s is left at once', async (_what, facts, expected) => {
    const world = await World.begin();
    await world.passes(60);
    await world.happens(...facts);
    expect(await world.moves()).toEqual(expected);
  });

  test('both bad: it stays, and the first that is good for 5 s serves', async () => {
    const world = await World.begin();
    await world.passes(60);
    world.members.forEach((member) => (member.ok = false));
    await world.passes(10);
    world.member(B).ok = true;
    await world.passes(10);
    expect(await world.moves()).toEqual(['75.5 b probe failed']);
  });

  test('an active one that nobody shakes hands with any more', async () => {
    const world = await World.begin();
    await world.passes(60);
    world.member(A).handshakeAge = 181;
    await world.passes(300);
    expect(await world.moves()).toEqual(['60.5 b handshake stale']);
  });

  test('a preferred one that comes and goes takes back ever later', async () => {
    const world = await World.begin();
    await world.passes(60);
    for (let n = 0; n < 3; n++) {
      world.member(A).ok = false;
      await world.passes(10);
      world.member(A).ok = true;
      await world.passes(150);
    }
    expect(await world.moves()).toEqual([
      '61 b probe failed',
      '100.5 a preferred',
      '221 b probe failed',
      '290.5 a preferred',
      '381 b probe failed',
      '510.5 a preferred',
    ]);
  });

  test('a gateway that is new gives its members time', async () => {
    const world = await World.begin();
    world.member(A).alive = false;
    await world.happens(gatewayCreated(2, { members: [A, B] }), activated(2, A));
    await world.passes(15);
    expect(await world.moves()).toEqual([]);
    await world.passes(1);
    expect(await world.moves()).toEqual(['15.25 b host lost']);
  });
});

describe('its own faults move nothing', () => {
  test('a stall, with everybody’s reports unread', async () => {
    const world = await World.begin();
    await world.passes(60);
    const [replica] = world.replicas;
    for (let n = 0; n < 5; n++) {
      replica!.asleep = true;
      await world.passes(20);
      replica!.asleep = false;
      // The tick comes first; the sockets are read afterwards.
      replica!.loop.tick();
      replica!.loop.tick();
      await world.settle();
      replica!.read();
      await world.passes(5);
    }
    expect(await world.moves()).toEqual([]);
  });

  test('reports that are late', async () => {
    const world = await World.begin();
    await world.passes(60);
    world.replicas[0]!.late.add(A);
    await world.passes(60);
    expect(await world.moves()).toEqual([]);
  });

  test('a pause of the whole control plane, after which agents need a moment to send again', async () => {
    const world = await World.begin();
    await world.passes(59.75);
    world.member(A).alive = false;
    await world.passes(0.25);
    world.now += 1_500;
    world.replicas[0]!.loop.tick();
    await world.settle();
    world.member(A).alive = true;
    await world.passes(10);
    expect(await world.moves()).toEqual([]);
  });

  test('the first report that is read after a stall makes the others not silent', async () => {
    const world = await World.begin();
    await world.passes(60);
    const [replica] = world.replicas;
    replica!.asleep = true;
    await world.passes(20);
    replica!.asleep = false;
    // Those of b were read, those of a lie behind them.
    const [first, rest] = [replica!.unread.filter(({ nodeId: id }) => id === B), replica!.unread];
    replica!.unread = rest.filter(({ nodeId: id }) => id === A);
    for (let n = 0; n < 8; n++) replica!.loop.clock.now();
    first.forEach((report) => replica!.hear(report));
    await world.passes(10);
    expect(await world.moves()).toEqual([]);
  });

  test('the broker away, unnoticed at first, then back, and agents later', async () => {
    const world = await World.begin();
    await world.passes(60.25);
    const [replica] = world.replicas;
    replica!.brokerAway = true;
    await world.passes(30);
    replica!.reconnect();
    world.members.forEach((member) => (member.alive = false));
    await world.passes(2);
    world.member(B).alive = true;
    await world.passes(8);
    world.member(A).alive = true;
    await world.passes(60);
    expect(await world.moves()).toEqual([]);
  });

  test('who does not come back with the broker is left when the time of grace is over', async () => {
    const world = await World.begin();
    await world.passes(60);
    world.replicas[0]!.reconnect();
    world.member(A).alive = false;
    await world.passes(20);
    expect(await world.moves()).toEqual(['75.25 b host lost']);
  });

  test('a start, however long its members have been silent', async () => {
    const world = await World.begin(0);
    world.member(A).alive = false;
    await world.passes(60);
    await world.newReplica();
    await world.passes(14);
    expect(await world.moves()).toEqual([]);
    await world.passes(2);
    expect(await world.moves()).toEqual(['75.25 b host lost']);
  });

  test('the log away: it tries again each second, and succeeds', async () => {
    const world = await World.begin();
    await world.passes(60);
    const append = jest.spyOn(world.store, 'append').mockRejectedValue(new Unavailable('log', 'away'));
    world.member(A).ok = false;
    await world.passes(5);
    expect(world.replicas[0]!.failures).toBe(5);
    append.mockRestore();
    await world.passes(2);
    expect(await world.moves()).toEqual([expect.stringMatching(/^6[56](\.\d+)? b probe failed$/)]);
  });
});

describe('several replicas', () => {
  test('three decide on the same at once: one fact, and no replica is left behind', async () => {
    const world = await World.begin(3);
    await world.passes(60);
    world.member(A).ok = false;
    await world.passes(20);
    world.member(A).ok = true;
    await world.passes(60);
    expect(await world.moves()).toEqual(['61 b probe failed', '110.5 a preferred']);
    expect(
      world.replicas.map(({ follower }) => follower.states.get(NETWORK_ID)?.gateways.get(gatewayId(1))?.active),
    ).toEqual([A, A, A]);
  });

  test('one that sleeps through it all, then wakes, takes nothing back', async () => {
    const world = await World.begin(2);
    await world.passes(60);
    const [, sleeper] = world.replicas;
    sleeper!.asleep = true;
    world.member(A).alive = false;
    await world.passes(20);
    sleeper!.asleep = false;
    sleeper!.read();
    await world.passes(20);
    expect(await world.moves()).toEqual(['62 b host lost']);
  });

  test('one whose fold is behind asks the log once, and not again until it has followed', async () => {
    const world = await World.begin();
    await world.passes(60);
    const [replica] = world.replicas;
    replica!.behind = true;
    const append = jest.spyOn(world.store, 'append');
    world.member(A).ok = false;
    await world.passes(10);
    expect(append).toHaveBeenCalledTimes(1);
  });

  test('one that sees an older gateway decides nothing on a newer one', async () => {
    const world = await World.begin(2);
    await world.passes(60);
    const [, behind] = world.replicas;
    behind!.behind = true;
    const draining = (yes: boolean): NetworkFact => ({
      type: 'GatewayDraining',
      data: { gatewayId: gatewayId(1), nodeId: A, draining: yes },
    });
    await world.happens(draining(true));
    await world.happens(draining(false));
    const facts = await world.store.read(NETWORK_ID);
    behind!.follow(facts.slice(0, facts.findIndex(({ type }) => type === 'GatewayDraining') + 1));
    await world.settle();
    expect(await world.moves()).toEqual(['60 b drained']);
  });

  test('one hears a member and the other does not: ever fewer moves', async () => {
    const world = await World.begin(2);
    await world.passes(60);
    const [, deaf] = world.replicas;
    const hear = deaf!.hear.bind(deaf);
    deaf!.hear = (report) => void (report.nodeId === B && hear(report));
    await world.passes(1_800);
    const moves = await world.moves();
    expect(moves.length).toBeGreaterThan(2);
    expect(moves.length).toBeLessThan(14);
  });
});
