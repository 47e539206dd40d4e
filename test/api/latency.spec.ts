import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Registry as Metrics } from 'prom-client';
import { RelayPlannerService } from '../../apps/relay-planner/src/relay-planner.service.js';
import {
  startRegistry,
  TestClock,
  TestReports,
  type TestRegistry,
} from '../../apps/registry/src/testing/registry.fixture.js';
import { Unavailable } from '#contracts/errors.js';
import type { ObservedLink } from '#contracts/reports.js';
import { MemoryEventStore } from '#event-store/memory/memory-event-store.js';
import { NetworkFollower } from '#service/network-follower.js';
import { publicEndpoint } from '../support/network-history.js';
import { until } from '../support/wait.js';

/** The registry and the relay-planner, each with its real parts, on one log in memory; between them a bus that copies. */
let registry: TestRegistry;
let relayPlanner: RelayPlannerService;
let networks: NetworkFollower;
let reports: TestReports;
let clock: TestClock;
let isAway = false;

beforeEach(async () => {
  isAway = false;
  clock = new TestClock();
  reports = new TestReports();
  const store = new MemoryEventStore({ now: () => clock.now().toISOString() });
  const served = new Map<string, (request: unknown) => Promise<unknown>>();
  const askRelayPlanner = async (command: string, request: unknown): Promise<unknown> => {
    const serve = served.get(command);
    if (isAway || !serve) throw new Unavailable('service', 'nobody answers');
    return JSON.parse(JSON.stringify(await serve(JSON.parse(JSON.stringify(request))))) as unknown;
  };
  registry = await startRegistry({ store, clock, askRelayPlanner });
  networks = new NetworkFollower(store, async ({ onFacts }) => {
    const end = store.onAppended((facts) => {
      for (const fact of facts) void onFacts(fact.stream, [fact]);
    });
    return { stop: async () => end() };
  });
  await networks.start();
  relayPlanner = new RelayPlannerService({
    replica: 'test',
    store,
    networks,
    reports,
    serveCommand: (command, handle) => {
      served.set(command, handle);
      return async () => void served.delete(command);
    },
    onReconnect: () => () => {},
    clock,
    logger: registry.options.logger,
    metrics: new Metrics(),
  });
  relayPlanner.onApplicationBootstrap();
  await registry.request('POST', '/api/v1/networks', { body: { name: 'prod' } });
});
afterEach(async () => {
  await relayPlanner.beforeApplicationShutdown();
  await networks.stop();
  await registry.close();
});

const ids: Record<string, string> = {};

async function join(...names: string[]): Promise<void> {
  for (const name of names) ids[name] = (await registry.enrol('prod', name)).nodeId;
}

/** What an agent tells of its links: to whom, and how long a round trip takes. */
function observed(
  from: string,
  links: Record<string, number | 'unanswered'>,
  handshakeAge: number | null = null,
): void {
  const peers = Object.entries(links).map(([to, rtt]): ObservedLink => ({
    nodeId: ids[to]!,
    endpoint: '192.0.2.1:51820',
    handshakeAge,
    ...(rtt === 'unanswered' ? { link: rtt, rtt: null } : { link: 'up', rtt }),
  }));
  reports.tell({ nodeId: ids[from]!, kind: 'observed', body: { endpoints: [], peers, forwarded: [] } });
}

const prod = (what: string) => registry.request('GET', `/api/v1/networks/prod/${what}`);
const ask = (query = '') => registry.request('GET', `/api/v1/networks/prod/latency${query}`);

/** `a b rtt`, or the state of the link where there is no time. */
async function told(query = ''): Promise<string[]> {
  const { body } = await ask(query);
  return body.items.map(
    ({ a, b, rtt, link }: { a: { name: string }; b: { name: string }; rtt: number | null; link: string }) =>
      `${a.name} ${b.name} ${rtt ?? link}`,
  );
}

test('every pair of enabled nodes by name, with what their agents told last', async () => {
  await join('c', 'a', 'b');
  expect(await told()).toEqual(['a b unknown', 'a c unknown', 'b c unknown']);
  observed('b', { a: 12 });
  observed('c', { b: 'unanswered' });
  expect(await told()).toEqual(['a b 12', 'a c unknown', 'b c unanswered']);
  expect((await ask()).body.items[0]).toEqual({
    a: { nodeId: ids.a, name: 'a' },
    b: { nodeId: ids.b, name: 'b' },
    path: 'none',
    via: [],
    link: 'up',
    rtt: 12,
    byHops: false,
    heardAt: '2026-11-20T12:00:00.000Z',
  });
  clock.advance(15 * 60_000);
  expect(await told()).toEqual(['a b unknown', 'a c unknown', 'b c unknown']);
  await registry.request('POST', '/api/v1/networks/prod/nodes/b/disable');
  expect(await told()).toEqual(['a c unknown']);
});

test('nothing of it is in the log', async () => {
  await join('a', 'b');
  const head = async () => (await registry.request('GET', '/api/v1/networks/prod/events?limit=1000')).body.items.length;
  const before = await head();
  for (let rtt = 1; rtt < 50; rtt++) observed('a', { b: rtt });
  await ask();
  expect(await head()).toBe(before);
});

describe('asked for some', () => {
  beforeEach(() => join('a', 'b', 'c', 'd'));

  test('pairs with one node, pairs among some, and page by page', async () => {
    expect(await told('?node=b')).toEqual(['a b unknown', 'b c unknown', 'b d unknown']);
    expect(await told('?among=d,a,c')).toEqual(['a c unknown', 'a d unknown', 'c d unknown']);
    expect(await told('?among=d,a')).toEqual(['a d unknown']);
    const { nextCursor } = (await ask('?limit=4')).body;
    expect(await told(`?limit=4&cursor=${nextCursor}`)).toEqual(['b d unknown', 'c d unknown']);
  });

  test.each(['?node=nobody', '?among=a,nobody'])('%s is not found', async (query) => {
    expect((await ask(query)).status).toBe(404);
  });

  test.each(['?limit=1001', '?cursor=x', `?among=${'a,'.repeat(100)}a`, '?from=a'])('%s is refused', async (query) => {
    expect((await ask(query)).status).toBe(422);
  });
});

test('a pair behind a relay is as far apart as its hops together, and does not answer if one of them does not', async () => {
  await join('a', 'b', 'r');
  const patch = { endpoints: [publicEndpoint('203.0.113.9')] };
  await registry.request('PATCH', '/api/v1/networks/prod/nodes/r', { body: patch });
  expect((await registry.request('PUT', '/api/v1/networks/prod/relays/r', { body: {} })).status).toBe(200);
  await expect(told('?among=a,b')).resolves.toEqual(['a b unknown']);
  observed('a', { r: 10 });
  expect(await told('?among=a,b')).toEqual(['a b unknown']);
  observed('r', { b: 30.5 });
  const { body } = await ask('?among=a,b');
  expect(body.items[0]).toMatchObject({ path: 'relayed', via: [{ name: 'r' }], link: 'up', rtt: 40.5, byHops: true });
  observed('b', { r: 'unanswered' });
  expect(await told('?among=a,b')).toEqual(['a b unanswered']);
});

describe('paths', () => {
  beforeEach(async () => {
    await join('a', 'b', 'r');
    const patch = { endpoints: [publicEndpoint('203.0.113.9')] };
    await registry.request('PATCH', '/api/v1/networks/prod/nodes/r', { body: patch });
    await registry.request('PUT', '/api/v1/networks/prod/relays/r', { body: {} });
    await relayed();
  });

  /** Until the relay-planner has heard of the relay and found it for both. */
  async function relayed(): Promise<void> {
    await until('a and b to get a relay', async () => {
      const { body } = await prod('paths?among=a,b');
      return body.items[0].path === 'relayed';
    });
  }

  const UNHEARD = { link: 'unknown', rtt: null, heardAt: null, lastHandshake: null };
  const RELAYED = { path: 'relayed', via: [{ nodeId: expect.any(String), name: 'r' }], byHops: true };

  test('each pair tells how, why, since when, and how it was when it was last heard of', async () => {
    observed('a', { r: 10 }, 100);
    observed('b', { r: 20 }, 30);
    const why = 'nobody can call either, and no trial would help: a (nothing known), b (nothing known)';
    const { body } = await prod('paths');
    expect(body.items).toMatchObject([
      { a: { name: 'a' }, b: { name: 'b' }, ...RELAYED, why, rtt: 30, lastHandshake: '2026-11-20T11:58:20.000Z' },
      { path: 'public', via: [], why: 'anybody can call r', rtt: 10, lastHandshake: '2026-11-20T11:58:20.000Z' },
      { path: 'public', link: 'up', since: '2026-11-20T12:00:00.000Z', lastHandshake: '2026-11-20T11:59:30.000Z' },
    ]);
    expect(body.nextCursor).toBeNull();
    expect((await prod('paths?node=r&limit=1')).body.items).toMatchObject([{ a: { name: 'a' }, b: { name: 'r' } }]);
  });

  test('the status shows the first of them, and none if that is wished', async () => {
    const pairsOf = async (query = '') => {
      const { paths } = (await prod(`status${query}`)).body;
      return [paths.items.map(({ a, b }: Record<'a' | 'b', { name: string }>) => a.name + b.name), paths.nextCursor];
    };
    expect(await pairsOf()).toEqual([['ab', 'ar', 'br'], null]);
    expect(await pairsOf('?node=r')).toEqual([['ar', 'br'], null]);
    expect(await pairsOf('?paths=0')).toEqual([[], null]);
    const [first, cursor] = await pairsOf('?paths=1');
    expect(first).toEqual(['ab']);
    expect((await prod(`paths?cursor=${cursor}`)).body.items).toHaveLength(2);
  });

  test.each(['?paths=1001', '?paths=-1', '?paths=x', '?path=1'])('status%s is refused', async (query) => {
    expect((await prod(`status${query}`)).status).toBe(422);
  });

  test('the status tells what follows from the log also while the relay-planner is away', async () => {
    expect((await prod('status')).body.pathsKnown).toBe(true);
    isAway = true;
    const { status, body } = await prod('status');
    expect([status, body.pathsKnown]).toEqual([200, false]);
    expect(body.paths.items[0]).toMatchObject({ ...RELAYED, ...UNHEARD });
    expect((await prod('paths')).status).toBe(503);
  });
});

test('while the relay-planner is away the answer is to ask again', async () => {
  await join('a', 'b');
  isAway = true;
  const { status, body } = await ask();
  expect([status, body.code]).toEqual([503, 'unavailable']);
});
