import { startRegistry, type TestRegistry } from '../testing/registry.fixture.js';

let registry: TestRegistry;
let nodeId: string;
beforeEach(async () => {
  registry = await startRegistry();
  await registry.request('POST', '/api/v1/networks', { body: { name: 'prod', cidr: '10.1.0.0/24', cidr6: null } });
  ({ nodeId } = await registry.enrol('prod', 'web-1'));
});
afterEach(() => registry.close());

const path = (node: string, action = '') => `/api/v1/networks/prod/nodes/${node}${action}`;

test('a node is shown by name and by id, without what only services need', async () => {
  const byName = await registry.request('GET', path('web-1'));
  const byId = await registry.request('GET', path(nodeId));
  expect(byName.body).toEqual(byId.body);
  expect(byName.body).toMatchObject({ nodeId, name: 'web-1', addresses: ['10.1.0.1'], enabled: true, version: 3 });
  expect(byName.headers.get('etag')).toBe('"3"');
  expect(Object.keys(byName.body)).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/natsKey|controlKey|secret/i)]),
  );
});

test('nodes are listed by name in pages', async () => {
  await registry.enrol('prod', 'web-3');
  await registry.enrol('prod', 'web-2');
  const first = await registry.request('GET', '/api/v1/networks/prod/nodes?limit=2');
  const second = await registry.request('GET', `/api/v1/networks/prod/nodes?cursor=${first.body.nextCursor}`);
  const names = [...first.body.items, ...second.body.items].map((item: { name: string }) => item.name);
  expect([names, second.body.nextCursor]).toEqual([['web-1', 'web-2', 'web-3'], null]);
});

test('a change replaces whole values and is refused to a writer that saw an older version', async () => {
  const body = {
    name: 'web-9',
    labels: { role: 'web' },
    site: 'fra',
    endpoints: [{ address: '192.0.2.1', port: 51820, kind: 'public' }],
  };
  const changed = await registry.request('PATCH', path('web-1'), { body, headers: { 'if-match': '"3"' } });
  expect([changed.status, changed.body]).toEqual([200, expect.objectContaining({ nodeId, version: 4, ...body })]);
  const late = await registry.request('PATCH', path('web-9'), { body: { site: null }, headers: { 'if-match': '"3"' } });
  expect([late.status, late.body.code]).toEqual([412, 'version_mismatch']);
});

test.each([
  [{ endpoints: [{ address: 'example.org', port: 1, kind: 'public' }] }, 'endpoints[0].address'],
  [{ endpoints: [{ address: '192.0.2.1', port: 0, kind: 'public' }] }, 'endpoints[0].port'],
  [{ endpoints: [{ address: '192.0.2.1', port: '51820', kind: 'public' }] }, 'endpoints[0].port'],
  [{ endpoints: [{ address: '192.0.2.1', port: 51820, kind: 'secret' }] }, 'endpoints[0].kind'],
  [{ endpoints: [{ address: '192.0.2.1', port: 51820, kind: 'lan', extra: 1 }] }, 'endpoints[0].extra'],
  [{ endpoints: 'none' }, 'endpoints'],
  [{ endpoints: [7] }, 'endpoints[0]'],
  [{ endpoints: Array.from({ length: 17 }, () => ({ address: '192.0.2.1', port: 1, kind: 'lan' })) }, 'endpoints'],
  [{ labels: ['a'] }, 'labels'],
  [{ labels: { a: 1 } }, 'labels.a'],
  [{ labels: { 'a b': 'c' } }, 'labels'],
  [{ labels: null }, 'labels'],
  [{ site: 'a b' }, 'site'],
  [{ name: 'Web_1' }, 'name'],
  [{ addresses: ['10.1.0.9'] }, 'addresses'],
])('a change to %j is refused, naming the field', async (body, field) => {
  const answer = await registry.request('PATCH', path('web-1'), { body });
  expect([answer.status, answer.body.code]).toEqual([422, 'invalid']);
  expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
  expect((await registry.request('GET', path('web-1'))).body.version).toBe(3);
});

test('disabling and enabling are repeated without a second fact', async () => {
  for (const [action, enabled, version] of [
    ['/disable', false, 4],
    ['/disable', false, 4],
    ['/enable', true, 5],
    ['/enable', true, 5],
  ] as const) {
    const answer = await registry.request('POST', path('web-1', action));
    expect([answer.status, answer.body.enabled, answer.body.version]).toEqual([200, enabled, version]);
  }
});

test('a removed node is gone, and the same key again gets the first answer although the name is free', async () => {
  const remove = () => registry.request('DELETE', path('web-1'), { headers: { 'idempotency-key': 'k' } });
  expect([(await remove()).status, (await remove()).status]).toEqual([204, 204]);
  expect((await registry.request('GET', path('web-1'))).status).toBe(404);
  await registry.enrol('prod', 'web-1');
  expect((await remove()).status).toBe(204);
  expect((await registry.request('GET', path('web-1'))).status).toBe(200);
});

test.each(['GET', 'PATCH', 'DELETE'])(
  '%s of a node that is not there is a 404 that tells where to look',
  async (method) => {
    const answer = await registry.request(method, path('nobody'), method === 'PATCH' ? { body: {} } : {});
    expect(answer).toMatchObject({
      status: 404,
      body: { code: 'not_found', detail: expect.stringContaining('nobody') },
    });
  },
);
