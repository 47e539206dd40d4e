import type { Endpoint } from '#contracts/facts.js';
import type { PeerResource, Resource } from '#contracts/node-stream.js';
import type { ObservedReport } from '#contracts/reports.js';
import { LinkWatch } from './link-watch.js';
import { Observer, REPORT_MS } from './observer.js';

const id = (n: number) => `019770d8-0002-7000-8000-00000000000${n}`;
const peer = (n: number, overrides: Partial<PeerResource> = {}): PeerResource => ({
  name: `peer/${id(n)}`,
  node: `node-${n}`,
  publicKey: `key-${n}`,
  allowedIps: [`10.90.0.${n}/32`],
  endpoint: `203.0.113.${n}:51820`,
  ...overrides,
});
const RELAY: Resource = { name: 'filter/relay', verdict: 'accept', sources: [], destinations: [] };

function given(...resources: Resource[]) {
  const reports: ObservedReport[] = [];
  const endpoints: Endpoint[] = [{ address: '192.168.1.2', port: 51820, kind: 'lan' }];
  const world = {
    endpoints,
    reports,
    now: 0,
    rx: 100,
    tx: 100,
    pairs: [] as [string, string][],
    looks: 0,
    /** Milliseconds: of a look, and of asking what time it is. */
    lookTakes: 0,
    drift: 0,
    poked: [] as string[],
    measured: [] as string[],
  };
  const observer = new Observer({
    watch: new LinkWatch(),
    dump: async () => {
      world.looks++;
      world.now += world.lookTakes;
      const lines = [1, 2].map((n) => `key-${n}\t(none)\t203.0.113.${n}:51820\t-\t9\t${world.rx}\t${world.tx}\toff`);
      return ['key\tkey\t51820\toff', ...lines].join('\n');
    },
    roundTrip: async (address) => {
      world.measured.push(address);
      return 10;
    },
    poke: (addresses) => world.poked.push(...addresses),
    forwarded: { set: () => undefined, read: async () => world.pairs, stop: () => undefined },
    ownEndpoints: async () => world.endpoints,
    report: (body) => reports.push(body),
    now: () => (world.now += world.drift),
    wall: () => 16,
    run: 'run-1',
  });
  observer.follow(resources);
  observer.stop(); // only its clock: the test looks by itself
  const lookAt = async (now: number) => {
    world.now = now;
    await observer.look();
    return reports.splice(0);
  };
  return { world, observer, lookAt };
}

test('what is new is told, and nothing when nothing is', async () => {
  const { lookAt } = given(peer(1));
  expect(await lookAt(0)).toMatchObject([
    { run: 'run-1', endpoints: [{ kind: 'lan' }], peers: [{ nodeId: id(1), link: 'up', handshakeAge: 7 }] },
  ]);
  await lookAt(REPORT_MS);
  expect(await lookAt(2 * REPORT_MS)).toEqual([]);
});

test('it looks every second, and tells all again after the control plane was away', async () => {
  const { world, observer, lookAt } = given(peer(1));
  await lookAt(0);
  await lookAt(500);
  await lookAt(1000);
  expect(world.looks).toBe(2);
  observer.connected();
  expect(await lookAt(REPORT_MS)).toMatchObject([{ peers: [{ nodeId: id(1) }] }]);
});

test('when nothing changes nothing is told, and next to nothing measured: eight peers in ten seconds', async () => {
  const { world, lookAt } = given(...Array.from({ length: 9 }, (_, n) => peer(n)));
  for (let at = 0; at < 2 * REPORT_MS; at += 1000) await lookAt(at);
  world.measured = [];
  const told = [];
  for (let at = 2 * REPORT_MS; at < 62 * REPORT_MS; at += 1000) told.push(...(await lookAt(at)));
  // In ten minutes all is told again every two.
  expect(told.length).toBeLessThanOrEqual(5);
  expect(world.measured.length).toBe(60 * 8);
});

test('a peer that went silent is told at once, and all others that are there get a packet: a NAT may have lost us', async () => {
  const { world, lookAt } = given(peer(1), peer(2));
  for (let at = 0; at <= 2000; at += 500) await lookAt(at);
  const told = [];
  for (let at = 2500; at <= 6500 && told.length === 0; at += 500) {
    world.tx++;
    told.push(...(await lookAt(at)));
  }
  expect(told).toMatchObject([{ peers: [{ link: 'unanswered' }, { link: 'unanswered' }] }]);
  expect(world.now).toBeLessThanOrEqual(5500);
  expect(world.poked).toEqual(['10.90.0.1', '10.90.0.2']);
});

describe('a look that takes long', () => {
  const looksIn = async (milliseconds: number, takes: (at: number) => number) => {
    const { world, lookAt } = given(peer(1));
    for (let at = 0; at <= milliseconds; at += 250) {
      if (at < world.now) continue;
      world.lookTakes = takes(at);
      await lookAt(at);
    }
    return world.looks;
  };

  test.each([
    ['a fiftieth of the time at most', 40, 21],
    ['every four seconds however long it takes', 400, 11],
  ])('comes more seldom: %s', async (_what, takes, looks) => {
    expect(await looksIn(40_000, () => takes)).toBe(looks);
  });

  test('comes as often as ever where most are short', async () => {
    expect(await looksIn(40_000, (at) => (at % 3_000 === 0 ? 5 : 400))).toBeGreaterThan(38);
  });
});

test('whoever is heard and was not measured is probed at that look, on a clock that goes on', async () => {
  const { world, lookAt } = given(...Array.from({ length: 9 }, (_, n) => peer(n + 2)), peer(1));
  world.drift = 0.01;
  await lookAt(0);
  // Eight are measured in their turn, the last of nine is not among them.
  expect(world.measured).toContain('10.90.0.1');
});

test('a peer that sends and hears nothing gets a packet, however little its packets are let in here', async () => {
  const { world, lookAt } = given(peer(1), peer(2, { via: id(1) }));
  await lookAt(0);
  world.rx += 128;
  await lookAt(1000);
  expect(world.poked).toEqual(['10.90.0.1', '10.90.0.2']);
});

test('after a move every peer with a session gets a packet, none through a relay, and where it is now is told', async () => {
  const { world, observer, lookAt } = given(peer(1), peer(2, { via: id(1) }));
  await lookAt(0);
  expect(await lookAt(1000)).toEqual([]);
  world.endpoints = [{ address: '192.168.9.2', port: 51820, kind: 'lan' }];
  await observer.moved();
  expect(world.poked).toEqual(['10.90.0.1']);
  expect(world.reports).toMatchObject([{ endpoints: [{ address: '192.168.9.2' }] }]);
});

test('a path on trial is looked at every second, and its handshake told at once', async () => {
  const { world, lookAt } = given(peer(1), peer(2, { via: id(1), trial: true, keepalive: 25 }));
  expect(await lookAt(0)).toMatchObject([{ peers: [{ nodeId: id(1) }, { nodeId: id(2), link: 'up' }] }]);
  await lookAt(1000);
  expect(world.looks).toBe(2);
});

test('a relay tells between whom it forwards, each pair once in half a minute', async () => {
  const { world, lookAt } = given(RELAY, peer(1), peer(2));
  await lookAt(0);
  world.pairs = [
    ['10.90.0.2', '10.90.0.1'],
    ['10.90.0.1', '10.90.0.2'],
    ['10.90.0.1', '10.99.9.9'],
  ];
  expect(await lookAt(3000)).toMatchObject([{ forwarded: [[id(1), id(2)]] }]);
  expect((await lookAt(6000)).flatMap(({ forwarded }) => forwarded)).toEqual([]);
  expect((await lookAt(33_000)).flatMap(({ forwarded }) => forwarded)).toEqual([[id(1), id(2)]]);
});

test('a relay that takes over a path gets a packet: a NAT may have given this node another port', () => {
  const { world, observer } = given(peer(1), peer(2));
  observer.follow([peer(1), peer(2, { via: id(1) })]);
  expect(world.poked).toEqual(['10.90.0.1']);
  observer.follow([peer(1), peer(2, { via: id(1) })]);
  observer.follow([peer(1), peer(2)]);
  expect(world.poked).toEqual(['10.90.0.1']);
});
