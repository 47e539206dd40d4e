import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startApi, type TestApi } from './api.fixture.js';

let api: TestApi;
let gw1: string;
let gw2: string;
beforeEach(async () => {
  api = await startApi();
  await api.request('POST', '/api/v1/networks', { body: { name: 'prod', cidr: '10.90.0.0/24', cidr6: null } });
  ({ nodeId: gw1 } = await api.enrol('prod', 'gw-1'));
  ({ nodeId: gw2 } = await api.enrol('prod', 'gw-2'));
  await api.enrol('prod', 'web-1');
});
afterEach(() => api.close());

const office = { name: 'office', kind: 'egress', nodes: ['gw-1', 'gw-2'], ranges: ['10.20.0.0/16'] };
const refused = (path: string, body: object, method?: string) => api.refused(path, body, method);

describe('gateways', () => {
  test('are created by names, shown with names and ids, and read at once', async () => {
    const created = await api.prod('POST', 'gateways', { ...office, nodes: ['gw-1', gw2] });
    expect(created).toMatchObject({
      status: 201,
      body: {
        name: 'office',
        kind: 'egress',
        ranges: ['10.20.0.0/16'],
        masquerade: true,
        nodes: [
          { nodeId: gw1, name: 'gw-1' },
          { nodeId: gw2, name: 'gw-2' },
        ],
        probe: null,
        cluster: null,
        users: { nodes: [], clients: [] },
        active: { nodeId: gw1, name: 'gw-1' },
        draining: [],
      },
    });
    expect(created.headers.get('etag')).toBe(`"${created.body.version}"`);
    for (const name of ['office', created.body.gatewayId])
      expect(await api.prod('GET', `gateways/${name}`)).toMatchObject({ status: 200, body: created.body });
    expect((await api.prod('GET', 'gateways')).body).toEqual({ items: [created.body], nextCursor: null });
  });

  test('are changed whole value by whole value, by writers who saw the newest version', async () => {
    const { body: first } = await api.prod('POST', 'gateways', office);
    const match = { 'if-match': `"${first.version}"` };
    const probe = { address: '10.20.0.10', port: 443 };
    const changed = await api.prod('PATCH', 'gateways/office', { probe, nodes: ['gw-2'], masquerade: false }, match);
    expect(changed).toMatchObject({ status: 200, body: { probe, masquerade: false, active: { name: 'gw-2' } } });
    const late = await api.prod('PATCH', 'gateways/office', { ranges: ['10.21.0.0/16'] }, match);
    expect([late.status, late.body.code]).toEqual([412, 'version_mismatch']);
    expect((await api.prod('PATCH', 'gateways/office', { probe: null })).body.probe).toBeNull();
    const same = await api.prod('PATCH', 'gateways/office', { probe: null });
    expect((await api.prod('GET', 'gateways/office')).headers.get('etag')).toBe(same.headers.get('etag'));
  });

  test('drain a node, and take it back', async () => {
    await api.prod('POST', 'gateways', office);
    const drained = await api.prod('POST', 'gateways/office/drain', { node: 'gw-2' });
    expect(drained).toMatchObject({ status: 200, body: { draining: [{ nodeId: gw2, name: 'gw-2' }] } });
    const back = await api.prod('POST', 'gateways/office/drain', { node: gw2, draining: false });
    expect(back.body.draining).toEqual([]);
    expect(await refused('gateways/office/drain', { node: 'web-1' })).toMatchObject({
      status: 409,
      code: 'gateway_member_unknown',
      detail: expect.stringContaining('office'),
    });
  });

  test('are removed; the same key again gets the first answer, also when names are gone', async () => {
    const key = { 'idempotency-key': 'k' };
    const created = await api.prod('POST', 'gateways', office, key);
    const again = () => api.prod('POST', 'gateways', office, key);
    expect(await again()).toMatchObject({ status: 201, body: created.body });
    const remove = () => api.prod('DELETE', 'gateways/office', undefined, key);
    expect([(await remove()).status, (await remove()).status]).toEqual([204, 204]);
    await api.prod('DELETE', 'nodes/gw-2');
    expect(await again()).toMatchObject({ status: 201, body: created.body });
    expect(await refused('gateways', office)).toMatchObject({ code: 'gateway_member_unknown' });
    const other = await api.prod('POST', 'gateways', { ...office, masquerade: false, nodes: ['gone'] }, key);
    expect([other.status, other.body.code]).toEqual([409, 'idempotency_mismatch']);
    expect((await api.prod('GET', 'gateways')).body.items).toEqual([]);
  });

  test('are answered with 503 while the gateway-manager is away; reading goes on, and the same key is good afterwards', async () => {
    api.gatewayManager(false);
    const key = { 'idempotency-key': 'later' };
    const answer = await api.prod('POST', 'gateways', office, key);
    expect([answer.status, answer.body.code, answer.headers.get('retry-after')]).toEqual([503, 'unavailable', '2']);
    expect(answer.body.detail).toMatch(/gateway-manager.*Idempotency-Key/);
    expect((await api.prod('GET', 'gateways')).body.items).toEqual([]);
    api.gatewayManager(true);
    expect((await api.prod('POST', 'gateways', office, key)).status).toBe(201);
    expect((await api.prod('GET', 'gateways')).body.items).toHaveLength(1);
  });

  test('are listed by name in pages', async () => {
    for (const [i, name] of ['c', 'a', 'b'].entries())
      await api.prod('POST', 'gateways', { ...office, name, ranges: [`10.3${i}.0.0/16`] });
    const first = await api.prod('GET', 'gateways?limit=2');
    const second = await api.prod('GET', `gateways?cursor=${first.body.nextCursor}`);
    const names = [...first.body.items, ...second.body.items].map(({ name }: { name: string }) => name);
    expect([names, second.body.nextCursor]).toEqual([['a', 'b', 'c'], null]);
  });

  test.each([
    ['an unknown field', { ...office, colour: 'red' }, '422 invalid colour'],
    ['an unknown field of a part', { ...office, probe: { address: '10.20.0.1', every: 3 } }, '422 invalid probe.every'],
    ['no nodes', { ...office, nodes: [] }, '422 invalid nodes'],
    ['one text for the nodes', { ...office, nodes: 'gw-1' }, '422 invalid nodes'],
    ['a node twice', { ...office, nodes: ['gw-1', 'gw-1'] }, '422 invalid nodes'],
    ['17 nodes', { ...office, nodes: Array.from({ length: 17 }, (_, i) => `n${i}`) }, '422 invalid nodes'],
    ['a kind that is none', { ...office, kind: 'door' }, '422 invalid kind'],
    ['a name that is none', { ...office, name: 'Office!' }, '422 invalid name'],
    ['no ranges', { ...office, ranges: [] }, '422 invalid ranges'],
    ['ranges of an ingress', { ...office, kind: 'ingress' }, '422 invalid ranges'],
    ['a cluster gateway without cluster', { ...office, kind: 'cluster', ranges: [] }, '422 invalid cluster'],
    ['host bits', { ...office, ranges: ['10.20.0.0/16', '10.21.0.1/16'] }, '422 cidr_invalid ranges[1]'],
    ['everything as a range', { ...office, ranges: ['0.0.0.0/0'] }, '422 cidr_invalid ranges[0]'],
    ['a probe outside its ranges', { ...office, probe: { address: '10.99.0.1' } }, '422 invalid probe.address'],
    ['a probe that is no address', { ...office, probe: { address: 'db.internal' } }, '422 invalid probe.address'],
    ['a list for the probe', { ...office, probe: [{ address: '10.20.0.1' }] }, '422 invalid probe'],
    ['port 0', { ...office, probe: { address: '10.20.0.1', port: 0 } }, '422 invalid probe.port'],
    ['users of an egress', { ...office, users: { nodes: ['web-1'] } }, '422 invalid users'],
    ['an unknown node', { ...office, nodes: ['gw-1', 'gw-9'] }, '409 gateway_member_unknown nodes[1]'],
    ['the mesh range', { ...office, ranges: ['10.90.0.0/24'] }, '409 range_in_mesh'],
    ['a part of the mesh range', { ...office, ranges: ['10.90.0.128/25'] }, '409 range_in_mesh'],
    ['an unknown cluster', { ...office, kind: 'cluster', ranges: [], cluster: 'x' }, '404 not_found cluster'],
    [
      'an unknown user',
      { ...office, kind: 'internet', ranges: [], users: { nodes: ['web-1', 'x'] } },
      '404 not_found users.nodes[1]',
    ],
  ])('refuse %s, and nothing is half done', async (_what, body, expected) => {
    const [status, code, field] = expected.split(' ');
    const answer = await refused('gateways', body);
    expect(answer).toMatchObject({ status: Number(status), code });
    if (field) expect(answer.fields).toContain(field);
  });

  test('refuse what others hold, naming the other party', async () => {
    await api.prod('POST', 'gateways', office);
    expect(await refused('gateways', { ...office, ranges: ['10.30.0.0/16'] })).toMatchObject({ code: 'name_taken' });
    expect(await refused('gateways', { ...office, name: 'b' })).toMatchObject({
      code: 'cidr_overlap',
      detail: expect.stringMatching(/10\.20\.0\.0\/16 of gateway "b" overlaps 10\.20\.0\.0\/16 of gateway "office"/),
    });
    expect((await api.prod('POST', 'gateways', { ...office, name: 'b', ranges: ['10.20.7.0/24'] })).status).toBe(201);
  });

  test('refuse a disabled node and a range that holds the endpoint of its own node', async () => {
    await api.prod('POST', 'nodes/gw-2/disable');
    expect(await refused('gateways', office)).toMatchObject({
      code: 'node_disabled',
      detail: expect.stringContaining('gw-2'),
    });
    const endpoints = [{ address: '192.0.2.7', port: 51820, kind: 'public' }];
    await api.prod('PATCH', 'nodes/gw-1', { endpoints });
    expect(await refused('gateways', { ...office, nodes: ['gw-1'], ranges: ['192.0.2.0/24'] })).toMatchObject({
      status: 409,
      code: 'endpoint_in_range',
      detail: expect.stringMatching(/gw-1.*192\.0\.2\.7/),
    });
  });

  test('keep their nodes from endpoints in what they serve, which would be a tunnel in itself', async () => {
    await api.prod('POST', 'gateways', office);
    const endpoints = [{ address: '10.20.0.7', port: 51820, kind: 'public' }];
    expect(await refused('nodes/gw-2', { endpoints }, 'PATCH')).toMatchObject({
      status: 409,
      code: 'endpoint_in_range',
      detail: expect.stringMatching(/10\.20\.0\.7 of node "gw-2".*office/),
    });
    expect((await api.prod('PATCH', 'nodes/web-1', { endpoints })).status).toBe(200);
    const berlin = { name: 'berlin', model: 'flat', pods: ['10.42.0.0/16'], members: [{ node: 'web-1' }] };
    expect((await api.prod('POST', 'clusters', berlin)).status).toBe(201);
    const inPods = [{ address: '10.42.0.7', port: 51820, kind: 'public' }];
    expect(await refused('nodes/web-1', { endpoints: inPods }, 'PATCH')).toMatchObject({ code: 'endpoint_in_range' });
  });

  test('go on to be changed when a node that used one is gone', async () => {
    const internet = { name: 'out', kind: 'internet', nodes: ['gw-1'], users: { nodes: ['web-1', 'gw-2'] } };
    await api.prod('POST', 'gateways', internet);
    await api.prod('DELETE', 'nodes/web-1');
    const changed = await api.prod('PATCH', 'gateways/out', { masquerade: false });
    expect(changed).toMatchObject({ status: 200, body: { masquerade: false } });
  });

  test('refuse internet gateways in a row', async () => {
    const internet = { name: 'out', kind: 'internet', nodes: ['gw-1'], users: { nodes: ['web-1'] } };
    expect((await api.prod('POST', 'gateways', internet)).body.users.nodes).toEqual([
      { nodeId: expect.any(String), name: 'web-1' },
    ]);
    expect(await refused('gateways', { ...internet, name: 'b', users: { nodes: ['gw-1'] } })).toMatchObject({
      status: 409,
      code: 'internet_loop',
      detail: expect.stringMatching(/gw-1.*out/),
    });
    expect(await refused('gateways', { ...internet, name: 'b', nodes: ['web-1'], users: {} })).toMatchObject({
      code: 'internet_loop',
    });
    expect(await refused('gateways/out', { users: { nodes: ['gw-1'] } }, 'PATCH')).toMatchObject({
      code: 'internet_loop',
    });
  });
});
