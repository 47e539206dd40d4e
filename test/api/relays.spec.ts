import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startApi, type TestApi } from './api.fixture.js';

let api: TestApi;
let relay: string;
let edge: string;
beforeEach(async () => {
  api = await startApi();
  await api.request('POST', '/api/v1/networks', { body: { name: 'prod', cidr: '10.90.0.0/24', cidr6: null } });
  ({ nodeId: relay } = await api.enrol('prod', 'relay-1'));
  ({ nodeId: edge } = await api.enrol('prod', 'edge-1'));
  await api.enrol('prod', 'relay-2');
  for (const [n, name] of ['relay-1', 'relay-2'].entries())
    await api.prod('PATCH', `nodes/${name}`, {
      endpoints: [{ address: `203.0.113.${n + 1}`, port: 51820, kind: 'public' }],
    });
});
afterEach(() => api.close());

describe('relays', () => {
  test('are set by name, shown with names and ids, and read at once', async () => {
    const set = await api.prod('PUT', 'relays/relay-1', { capacity: 20 });
    expect(set).toMatchObject({ status: 200, body: { node: { nodeId: relay, name: 'relay-1' }, capacity: 20 } });
    expect(set.headers.get('etag')).toBe(`"${set.body.version}"`);
    expect((await api.prod('GET', 'relays/relay-1')).body).toMatchObject({ capacity: 20, version: set.body.version });
    expect((await api.prod('GET', 'relays')).body).toMatchObject({ items: [{ node: { name: 'relay-1' } }] });
  });

  test('serve a node as wished, or as they choose, and not when they are unset', async () => {
    for (const name of ['relay-1', 'relay-2']) await api.prod('PUT', `relays/${name}`, {});
    const wish = (name: string | null) => api.prod('PUT', 'relays/edge-1/assignment', { relay: name });
    expect((await wish('relay-2')).body).toEqual({
      node: { nodeId: edge, name: 'edge-1' },
      relay: expect.objectContaining({ name: 'relay-2' }),
      pinned: expect.objectContaining({ name: 'relay-2' }),
    });
    expect((await api.prod('GET', 'relays/relay-2')).body.nodes).toEqual([{ nodeId: edge, name: 'edge-1' }]);
    expect((await wish(null)).body).toMatchObject({ relay: { name: 'relay-2' }, pinned: null });
    expect((await api.prod('DELETE', 'relays/relay-2')).status).toBe(204);
    expect((await api.prod('GET', 'relays/relay-1')).body.nodes).toEqual([{ nodeId: edge, name: 'edge-1' }]);
    expect((await api.prod('GET', 'relays/relay-2')).status).toBe(404);
  });

  test('are changed by writers who saw the newest version', async () => {
    const { body } = await api.prod('PUT', 'relays/relay-1', {});
    const stale = { 'if-match': `"${body.version - 1}"` };
    expect((await api.prod('DELETE', 'relays/relay-1', undefined, stale)).status).toBe(412);
    expect((await api.prod('DELETE', 'relays/relay-1', undefined, { 'if-match': `"${body.version}"` })).status).toBe(
      204,
    );
  });

  test('answer a repeated request as at first, also when the node is gone, and another one not at all', async () => {
    const once = { 'idempotency-key': 'relay-1-once' };
    const first = await api.prod('PUT', 'relays/relay-1', { capacity: 20 }, once);
    await api.prod('DELETE', 'nodes/relay-1');
    expect(await api.prod('PUT', 'relays/relay-1', { capacity: 20 }, once)).toMatchObject({
      status: 200,
      body: first.body,
    });
    const other = await api.prod('PUT', 'relays/relay-1', { capacity: 30 }, once);
    expect(other).toMatchObject({ status: 409, body: { code: 'idempotency_mismatch' } });
    expect((await api.prod('PUT', 'relays/relay-1', { capacity: 20 })).status).toBe(404);
  });

  test.each([
    ['relays/edge-1', {}, 409, 'relay_unreachable'],
    ['relays/nobody', {}, 404, 'not_found'],
    ['relays/relay-1', { capacity: 0 }, 422, 'invalid'],
    ['relays/relay-1', { size: 3 }, 422, 'invalid'],
    ['relays/edge-1/assignment', { relay: 'relay-1' }, 409, 'not_a_relay'],
    ['relays/edge-1/assignment', { relay: 'nobody' }, 404, 'not_found'],
  ])('%s with %j is refused', async (path, body, status, code) => {
    expect(await api.refused(path, body, 'PUT')).toMatchObject({ status, code });
  });
});
