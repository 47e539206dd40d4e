import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startApi, type TestApi } from './api.fixture.js';

let api: TestApi;
let gw1: string;
let gw2: string;
beforeEach(async () => {
  api = await startApi();
  await api.request('POST', '/api/v1/networks', { body: { name: 'prod', cidr: '10.90.0.0/24', cidr6: 'fd12::/64' } });
  ({ nodeId: gw1 } = await api.enrol('prod', 'gw-1'));
  ({ nodeId: gw2 } = await api.enrol('prod', 'gw-2'));
});
afterEach(() => api.close());

const gateways = async () => (await api.prod('GET', 'status')).body.gateways;
const create = (body: object) => api.prod('POST', 'gateways', { name: 'office', nodes: ['gw-1', 'gw-2'], ...body });
const needsOf = async () => (await gateways())[0].needs as string[];

test('a gateway shows who serves, who drains, and what its members said last', async () => {
  const { body } = await create({ kind: 'egress', ranges: ['10.20.0.0/16'], probe: { address: '10.20.0.1' } });
  const { gatewayId } = body;
  const unheard = { enabled: true, draining: false, ok: null, heardAt: null, handshakeAge: null };
  expect(await gateways()).toEqual([
    {
      gatewayId,
      name: 'office',
      kind: 'egress',
      active: { nodeId: gw1, name: 'gw-1' },
      draining: [],
      members: [
        { nodeId: gw1, name: 'gw-1', active: true, ...unheard, detail: 'not heard yet' },
        { nodeId: gw2, name: 'gw-2', active: false, ...unheard, detail: 'not heard yet' },
      ],
      needs: [],
    },
  ]);
  api.probe(gw1, { gateways: [{ gatewayId, ok: true, detail: '10.20.0.1 answers' }], handshakeAge: 7 });
  await api.prod('POST', 'gateways/office/drain', { node: 'gw-2' });
  const [office] = await gateways();
  expect(office.draining).toEqual([{ nodeId: gw2, name: 'gw-2' }]);
  expect(office.members).toEqual([
    expect.objectContaining({ ok: true, detail: '10.20.0.1 answers', heardAt: expect.any(String), handshakeAge: 7 }),
    expect.objectContaining({ draining: true, ok: null }),
  ]);
});

test('the status is there also while the gateway-manager is away, and says what it does not know', async () => {
  await create({ kind: 'egress', ranges: ['10.20.0.0/16'] });
  expect((await api.prod('GET', 'status')).body.gatewaysKnown).toBe(true);
  api.gatewayManager(false);
  const { status, body } = await api.prod('GET', 'status');
  expect([status, body.gatewaysKnown, body.nodes.length]).toEqual([200, false, 2]);
  expect(body.gateways[0].members[0]).toMatchObject({ name: 'gw-1', active: true, ok: null, detail: null });
});

describe('needs', () => {
  test('name the return route of an egress without masquerade, its next hop where it is known, and each family', async () => {
    const endpoints = [
      { address: '203.0.113.7', port: 51820, kind: 'public' },
      { address: '10.20.0.5', port: 51820, kind: 'lan' },
    ];
    await api.prod('PATCH', 'nodes/gw-1', { endpoints });
    await api.prod('POST', 'clusters', { name: 'berlin', model: 'flat', pods: ['10.42.0.0/16'] });
    const ranges = ['10.20.0.0/16', 'fd20::/64'];
    await create({ kind: 'egress', ranges, masquerade: false });
    expect(await needsOf()).toEqual([
      'Machines in 10.20.0.0/16 need a route back to 10.90.0.0/24, 10.42.0.0/16 through node "gw-1" (10.20.0.5), on each or on their router: source addresses arrive there as they are. When another of its nodes serves, the route has to move there.',
      'Machines in fd20::/64 need a route back to fd12::/64 through node "gw-1", on each or on their router: source addresses arrive there as they are. When another of its nodes serves, the route has to move there.',
    ]);
    await api.prod('PATCH', 'gateways/office', { masquerade: true });
    expect(await needsOf()).toEqual([]);
  });

  test('tell how machines without an agent reach linked clusters, by the addresses that cross', async () => {
    for (const name of ['berlin', 'paris'])
      await api.prod('POST', 'clusters', { name, model: 'archipelago', pods: ['10.42.0.0/16'] });
    await create({ kind: 'cluster', cluster: 'berlin', nodes: ['gw-1'] });
    expect(await needsOf()).toEqual([]);
    await api.prod('POST', 'cluster-links', { a: 'berlin', b: 'paris' });
    const { body } = await api.prod('GET', 'clusters/paris');
    expect(await needsOf()).toEqual([
      'Cluster "paris", which it is linked with, has no gateway of kind cluster: create one.',
      `Machines of cluster "berlin" that run no agent need a route to ${body.crossing[0].crossing} through node "gw-1"; a route on their router or by their CNI will do.`,
    ]);
  });

  test('ask for an endpoint that clients can call', async () => {
    await create({ kind: 'ingress' });
    expect(await needsOf()).toEqual([expect.stringMatching(/"gw-1".*public endpoint/)]);
    await api.prod('PATCH', 'nodes/gw-1', { endpoints: [{ address: '203.0.113.7', port: 51820, kind: 'public' }] });
    expect(await needsOf()).toEqual([]);
  });

  test('ask for a node when none is left to serve', async () => {
    await create({ kind: 'ingress', nodes: ['gw-1'] });
    await api.prod('DELETE', 'nodes/gw-1');
    const [office] = await gateways();
    expect(office.active).toBeNull();
    expect(office.needs).toEqual([expect.stringContaining('No node serves it')]);
  });
});
