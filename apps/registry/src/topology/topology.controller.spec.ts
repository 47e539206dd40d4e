import { startRegistry, type TestRegistry } from '../testing/registry.fixture.js';

let registry: TestRegistry;
beforeEach(async () => {
  registry = await startRegistry();
  await registry.request('POST', '/api/v1/networks', { body: { name: 'prod', cidr: '10.1.0.0/24', cidr6: null } });
  const { bearer } = await registry.key('prod'); // version 2
  registry.clock.advance(60_000);
  for (const name of ['b', 'a']) await registry.enrol('prod', name, bearer); // 3 and 4, a minute after noon
  registry.clock.advance(60_000);
  await registry.request('POST', '/api/v1/networks/prod/nodes/a/disable'); // 5
});
afterEach(() => registry.close());

const get = (path: string) => registry.request('GET', `/api/v1/networks/prod/${path}`);

interface Shown {
  name: string;
  enabled: boolean;
  peers: { name: string }[];
}
const peersOf = (body: { nodes: Shown[] }) =>
  body.nodes.map(
    ({ name, enabled, peers }) => `${name}${enabled ? '' : ' (disabled)'}: ${peers.map((peer) => peer.name).join()}`,
  );

describe('topology', () => {
  test.each([
    ['', 5, ['a (disabled): ', 'b: ']],
    ['?at=4', 4, ['a: b', 'b: a']],
    ['?at=3', 3, ['b: ']],
    ['?at=2026-11-20T12:01:30Z', 4, ['a: b', 'b: a']],
    ['?at=2026-11-20T13:00:30%2B01:00', 2, []],
    ['?at=2099-01-01T00:00:00Z', 5, ['a (disabled): ', 'b: ']],
    ['?at=4&node=a', 4, ['a: b']],
  ])('%s', async (query, version, expected) => {
    const { status, body } = await get(`topology${query}`);
    expect([status, body.version, peersOf(body)]).toEqual([200, version, expected]);
    expect(body.network).toMatchObject({ name: 'prod', cidr: '10.1.0.0/24', cidr6: null });
  });

  test('shows the clusters of that time', async () => {
    const cluster = { name: 'berlin', pods: ['10.42.0.0/16'], members: [{ node: 'b' }] };
    await registry.request('POST', '/api/v1/networks/prod/clusters', { body: cluster }); // 6 and 7
    const { body } = await get('topology');
    expect(body).toMatchObject({
      version: 7,
      clusters: [{ name: 'berlin', members: [{ name: 'b' }] }],
      links: [],
      gateways: [],
    });
    expect((await get('topology?at=5')).body.clusters).toEqual([]);
  });

  test('shows how a peer is reached', async () => {
    const { body } = await get('topology?at=4&node=a');
    expect(body.nodes[0].peers).toEqual([
      {
        nodeId: expect.any(String),
        clientId: null,
        name: 'b',
        path: 'direct',
        endpoint: null,
        allowedIps: ['10.1.0.1/32'],
      },
    ]);
  });

  test.each([
    ['?at=6', 422],
    ['?at=yesterday', 422],
    ['?at=2026-11-20', 422],
    ['?at=2026-11-20T12:00:00', 422],
    ['?at=-1', 422],
    ['?when=1', 422],
    ['?at=0', 404],
    ['?at=2020-01-01T00:00:00Z', 404],
    ['?node=c', 404],
  ])('%s is %i', async (query, status) => {
    expect((await get(`topology${query}`)).status).toBe(status);
  });
});

describe('diff', () => {
  test('tells the facts and what each node was told, nodes by name', async () => {
    const { body } = await get('diff?from=3&to=2026-11-20T12:01:00Z');
    expect([body.from, body.to, body.facts.map((fact: { type: string }) => fact.type)]).toEqual([
      3,
      4,
      ['NodeEnrolled'],
    ]);
    expect(body.nodes).toEqual([
      expect.objectContaining({
        name: 'a',
        change: 'added',
        upserts: ['interface', 'peer/b', 'route/10.1.0.0/24'],
        removed: [],
      }),
      expect.objectContaining({ name: 'b', change: 'changed', upserts: ['peer/a'], removed: [] }),
    ]);
  });

  test('of a version with itself is empty', async () => {
    expect((await get('diff?from=4&to=4')).body).toEqual({ from: 4, to: 4, facts: [], nodes: [] });
  });

  test.each(['from=4&to=3', 'from=1', 'to=1', 'from=a&to=b', 'from=&to=1'])('refuses %s', async (query) => {
    expect((await get(`diff?${query}`)).status).toBe(422);
  });
});

describe('plan', () => {
  const plan = (commands: unknown) => registry.request('POST', '/api/v1/networks/prod/plan', { body: { commands } });

  test('tells what commands would do, one on top of the other, and does nothing', async () => {
    const { status, body } = await plan([
      { command: 'node.enable', node: 'a' },
      { command: 'network.set', mtu: 1300 },
      { command: 'node.delete', node: 'b' },
    ]);
    expect(status).toBe(200);
    expect(body.facts.map(({ version, type }: { version: number; type: string }) => `${version} ${type}`)).toEqual([
      '6 NodeEnabled',
      '7 NetworkChanged',
      '8 NodeRemoved',
    ]);
    expect(body.nodes).toEqual([
      expect.objectContaining({ name: 'b', change: 'removed', removed: ['interface', 'route/10.1.0.0/24'] }),
      expect.objectContaining({ name: 'a', change: 'changed', upserts: ['interface', 'route/10.1.0.0/24'] }),
    ]);
    expect((await get('events?after=5')).body.items).toEqual([]);
  });

  test('a command that would be refused names itself', async () => {
    const { status, body } = await plan([
      { command: 'node.delete', node: 'a' },
      { command: 'node.set', node: 'b', name: 'B!' },
    ]);
    expect([status, body.code, body.errors[0].field]).toEqual([422, 'invalid', 'commands[1].name']);
    expect((await plan([{ command: 'node.delete', node: 'c' }])).status).toBe(404);
  });

  test.each([
    [[]],
    [{}],
    [[{ command: 'node.explode', node: 'a' }]],
    [[{ node: 'a' }]],
    [[{ command: 'node.delete', node: 'a', extra: 1 }]],
    [[{ command: 'node.delete' }]],
    [['node.delete']],
    [[null]],
    [Array.from({ length: 101 }, () => ({ command: 'node.delete', node: 'a' }))],
  ])('refuses %j', async (commands) => {
    const { status, body } = await plan(commands);
    expect([status, body.code]).toEqual([422, 'invalid']);
  });
});
