import { Unavailable } from '#contracts/errors.js';
import type { RevokedLogin } from '../registry.options.js';
import { eventually } from '../testing/eventually.js';
import { startRegistry, type TestRegistry } from '../testing/registry.fixture.js';
import { UnreliableStore } from '../testing/unreliable-store.js';

let registry: TestRegistry;
beforeEach(async () => {
  registry = await startRegistry();
  await registry.request('POST', '/api/v1/networks', { body: { name: 'prod' } });
});
afterEach(() => registry.close());

const keysOf = (list: RevokedLogin[] | undefined) => (list ?? []).map(({ natsKey }) => natsKey).sort();

test('a removed node loses its login, also one that went with its network', async () => {
  const [a, b] = [await registry.enrol('prod', 'a'), await registry.enrol('prod', 'b')];
  await registry.request('DELETE', '/api/v1/networks/prod/nodes/a');
  await eventually(() => expect(keysOf(registry.revoked.at(-1))).toEqual([a.node.request.natsKey]));
  await registry.request('DELETE', '/api/v1/networks/prod?force=true');
  const both = [a.node.request.natsKey, b.node.request.natsKey].sort();
  await eventually(() => expect(keysOf(registry.revoked.at(-1))).toEqual(both));
});

test('what was revoked when this replica started follows from the log', async () => {
  const { node } = await registry.enrol('prod', 'a');
  await registry.request('DELETE', '/api/v1/networks/prod/nodes/a');
  const fresh = await registry.replica();
  await eventually(() => expect(keysOf(fresh.revoked.at(-1))).toEqual([node.request.natsKey]));
  await fresh.close();
});

test('a removal is the last fact before the log goes away: it is revoked when the log is back', async () => {
  const store = new UnreliableStore();
  const other = await startRegistry({ store });
  await other.request('POST', '/api/v1/networks', { body: { name: 'prod' } });
  const { node } = await other.enrol('prod', 'a');
  const stop = store.onAppended(() => store.pull());
  await other.request('DELETE', '/api/v1/networks/prod/nodes/a');
  stop();
  await eventually(() => expect(other.logLines.join('')).toContain('a network could not be read yet'));
  expect(other.revoked).toEqual([]);
  store.failure = undefined;
  await eventually(() => expect(keysOf(other.revoked.at(-1))).toEqual([node.request.natsKey]));
  await other.close();
});

test('a broker that does not answer is asked again until it does', async () => {
  const pushed: RevokedLogin[][] = [];
  let failures = 2;
  const { mint } = registry.options.credentials;
  const revoke = async (nodes: RevokedLogin[]) => {
    if (failures-- > 0) throw new Unavailable('broker', 'no broker answers');
    pushed.push(nodes);
  };
  const other = await registry.replica({ credentials: { mint, revoke } });
  const { node } = await other.enrol('prod', 'a');
  await other.request('DELETE', '/api/v1/networks/prod/nodes/a');
  await eventually(async () => {
    const { body } = await other.request('GET', '/metrics');
    expect(body).toContain('tombolo_registry_pending_revocations 0');
    expect(keysOf(pushed.at(-1))).toEqual([node.request.natsKey]);
  });
  await other.close();
});
