import { NetworkDirectory } from '../log/network-directory.js';
import { startRegistry, type TestRegistry } from '../testing/registry.fixture.js';
import type { NodeReport } from '../registry.options.js';
import { NodeExpiry } from './node-expiry.js';

const TTL = 60;
let registry: TestRegistry;
let nodeId: string;
beforeEach(async () => {
  registry = await startRegistry();
  await registry.request('POST', '/api/v1/networks', { body: { name: 'prod' } });
  const { bearer } = await registry.key('prod', { ephemeralTtl: TTL });
  ({ nodeId } = await registry.enrol('prod', 'burst-1', bearer));
  await registry.enrol('prod', 'steady');
  await registry.app.get(NetworkDirectory).catchUp();
});
afterEach(() => registry.close());

/** Lets seconds pass as the service lives them: a look every five. */
async function live(seconds: number, { heard = false } = {}): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 5) {
    registry.clock.advance(5_000);
    if (heard) heartbeat();
    await registry.app.get(NodeExpiry).sweep();
  }
}

const heartbeat = () => registry.reports.tell(aHeartbeat());

function aHeartbeat(): NodeReport {
  const body = {
    agentVersion: '0.1',
    epoch: 1,
    revision: 1,
    digest: '0'.repeat(32),
    backend: 'kernel' as const,
    peers: 0,
    repairs: 0,
  };
  return { nodeId, kind: 'heartbeat', body };
}

const nodes = async () =>
  (await registry.request('GET', '/api/v1/networks/prod/nodes')).body.items.map((node: { name: string }) => node.name);

test('an ephemeral node is removed after its TTL of silence, others never', async () => {
  await live(TTL);
  expect(await nodes()).toEqual(['burst-1', 'steady']);
  await live(10);
  expect(await nodes()).toEqual(['steady']);
  const { body } = await registry.request('GET', '/api/v1/networks/prod/events?types=NodeRemoved');
  expect(body.items).toEqual([
    expect.objectContaining({
      data: { nodeId, reason: 'expired' },
      metadata: expect.objectContaining({ actor: 'service/registry' }),
    }),
  ]);
});

test('a node that is heard stays', async () => {
  await live(10 * TTL, { heard: true });
  expect(await nodes()).toEqual(['burst-1', 'steady']);
});

test.each([
  ['the wall clock jumps ahead by a day', () => void (registry.clock.wall += 86_400_000)],
  ['the wall clock is set back by a day', () => void (registry.clock.wall -= 86_400_000)],
  ['this process sleeps for an hour', () => registry.clock.advance(3_600_000)],
])('%s: no node goes early', async (_, happens) => {
  await live(TTL - 10);
  happens();
  await registry.app.get(NodeExpiry).sweep();
  expect(await nodes()).toEqual(['burst-1', 'steady']);
  await live(5, { heard: true });
  await live(TTL - 10);
  expect(await nodes()).toEqual(['burst-1', 'steady']);
});

test('silence does not count while the broker is away, or paused', async () => {
  await live(TTL - 10);
  registry.reports.isListening = false;
  await live(2 * TTL);
  registry.reports.isListening = true;
  await live(TTL - 10);
  expect(await nodes()).toEqual(['burst-1', 'steady']);
  await live(20);
  expect(await nodes()).toEqual(['steady']);
});

test('a heartbeat that came during a short pause counts, though the clock is looked at first', async () => {
  await live(TTL);
  registry.reports.late.push(aHeartbeat());
  registry.clock.advance(14_000);
  await registry.app.get(NodeExpiry).sweep();
  expect(await nodes()).toEqual(['burst-1', 'steady']);
  await live(TTL - 5);
  expect(await nodes()).toEqual(['burst-1', 'steady']);
});

test('silence from before this replica started does not count', async () => {
  await live(TTL - 5);
  const fresh = await registry.replica({ clock: registry.clock });
  await fresh.app.get(NetworkDirectory).catchUp();
  for (let passed = 0; passed < TTL; passed += 5) {
    registry.clock.advance(5_000);
    await fresh.app.get(NodeExpiry).sweep();
  }
  expect(await nodes()).toEqual(['burst-1', 'steady']);
  await fresh.close();
});
