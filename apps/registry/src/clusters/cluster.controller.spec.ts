import { startRegistry, type TestRegistry } from '../testing/registry.fixture.js';

let registry: TestRegistry;
let web1: string;
beforeEach(async () => {
  registry = await startRegistry();
  await registry.request('POST', '/api/v1/networks', { body: { name: 'prod', cidr: '10.1.0.0/24', cidr6: null } });
  ({ nodeId: web1 } = await registry.enrol('prod', 'web-1'));
  await registry.enrol('prod', 'web-2');
});
afterEach(() => registry.close());

const api = (method: string, path: string, body?: object, headers?: Record<string, string>) =>
  registry.request(method, `/api/v1/networks/prod/clusters${path}`, {
    ...(body && { body }),
    ...(headers && { headers }),
  });
const berlin = { name: 'berlin', pods: ['10.42.0.0/16'], services: ['10.43.0.0/16'], model: 'archipelago' };
const facts = async () => {
  const { body } = await registry.request('GET', '/api/v1/networks/prod/events');
  return body.items.map(({ type }: { type: string }) => type);
};

test('a cluster is declared with its members in one step and shown by name and by id', async () => {
  const members = [{ node: web1, pods: ['10.42.1.0/24'] }, { node: 'web-2' }];
  const created = await api('POST', '', { ...berlin, members });
  expect(created).toMatchObject({ status: 201, body: { ...berlin, linkedWith: [] } });
  expect(created.body.members).toEqual(
    expect.arrayContaining([
      { nodeId: web1, name: 'web-1', pods: ['10.42.1.0/24'] },
      { nodeId: expect.any(String), name: 'web-2', pods: [] },
    ]),
  );
  expect(created.body.crossing).toEqual([
    { kind: 'pods', real: '10.42.0.0/16', crossing: '10.42.0.0/16' },
    { kind: 'services', real: '10.43.0.0/16', crossing: '10.43.0.0/16' },
  ]);
  for (const name of ['berlin', created.body.clusterId]) {
    const shown = await api('GET', `/${name}`);
    expect([shown.status, shown.body]).toEqual([200, created.body]);
    expect(shown.headers.get('etag')).toBe(`"${created.body.version}"`);
  }
});

test("a cluster has the network's model unless it says its own", async () => {
  expect((await api('POST', '', { name: 'a', pods: ['10.42.0.0/16'] })).body.model).toBe('flat');
});

test.each([
  ['an unknown field', { ...berlin, colour: 'red' }, '422 invalid colour'],
  ['a name that is none', { ...berlin, name: 'Berlin' }, '422 invalid name'],
  ['no name', { pods: ['10.42.0.0/16'] }, '422 invalid name'],
  ['no ranges', { name: 'a' }, '422 invalid pods'],
  ['a model that is none', { ...berlin, model: 'round' }, '422 invalid model'],
  ['host bits', { ...berlin, pods: ['10.42.0.1/16'] }, '422 cidr_invalid pods[0]'],
  ['no CIDR', { ...berlin, services: ['10.43.0.0/16', 'x'] }, '422 cidr_invalid services[1]'],
  ['everything', { ...berlin, pods: ['0.0.0.0/0'] }, '422 cidr_invalid pods[0]'],
  ['loopback', { ...berlin, pods: ['127.0.0.0/16'] }, '422 cidr_invalid pods[0]'],
  ['a text for a list', { ...berlin, pods: '10.42.0.0/16' }, '422 invalid pods'],
  ['a list of numbers', { ...berlin, pods: [7] }, '422 invalid pods'],
  ['null for a list', { ...berlin, pods: null }, '422 invalid pods'],
  ['65 ranges', { ...berlin, pods: Array.from({ length: 65 }, (_, i) => `10.42.${i}.0/24`) }, '422 invalid pods'],
  ['pods in services', { ...berlin, pods: ['10.43.7.0/24'] }, '409 cidr_overlap'],
  ['an object for members', { ...berlin, members: { node: 'web-1' } }, '422 invalid members'],
  ['an unknown member', { ...berlin, members: [{ node: 'web-9' }] }, '404 not_found members[0].node'],
  ['a member without node', { ...berlin, members: [{ pods: [] }] }, '422 invalid members[0].node'],
  [
    "a member's pods outside the cluster's",
    { ...berlin, members: [{ node: 'web-1' }, { node: 'web-2', pods: ['10.99.0.0/24'] }] },
    '422 invalid members[1].pods',
  ],
  [
    "a member's pods with host bits",
    { ...berlin, members: [{ node: 'web-1', pods: ['10.42.1.1/24'] }] },
    '422 cidr_invalid members[0].pods[0]',
  ],
  ['flat pods inside the mesh', { name: 'a', model: 'flat', pods: ['10.1.0.128/25'] }, '409 range_in_mesh'],
])('refuses %s, and nothing is half done', async (_what, body, expected) => {
  const [status, code, field] = expected.split(' ');
  const before = await facts();
  const answer = await api('POST', '', body);
  expect([answer.status, answer.body.code]).toEqual([Number(status), code]);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  if (field) expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
  expect(await facts()).toEqual(before);
});

test('names the other party: of a taken name, of an overlap, of a node that has a cluster', async () => {
  const first = await api('POST', '', { ...berlin, model: 'flat', members: [{ node: 'web-1' }] });
  const refused = async (body: object) => {
    const { status, body: problem } = await api('POST', '', body);
    return [status, problem.code, problem.detail];
  };
  expect(await refused(berlin)).toEqual([409, 'name_taken', expect.stringContaining(first.body.clusterId)]);
  expect(await refused({ name: 'b', model: 'flat', pods: ['10.42.128.0/17'] })).toEqual([
    409,
    'cidr_overlap',
    expect.stringMatching(/10\.42\.128\.0\/17 of cluster "b".*10\.42\.0\.0\/16 of cluster "berlin"/),
  ]);
  expect(await refused({ name: 'b', pods: ['10.50.0.0/16'], members: [{ node: 'web-1' }] })).toEqual([
    409,
    'already_member',
    expect.stringMatching(/web-1.*berlin/),
  ]);
});

test('clusters are listed by name in pages', async () => {
  for (const [i, name] of ['c', 'a', 'b'].entries()) await api('POST', '', { name, pods: [`10.5${i}.0.0/16`] });
  const first = await api('GET', '?limit=2');
  const second = await api('GET', `?cursor=${first.body.nextCursor}`);
  const names = [...first.body.items, ...second.body.items].map(({ name }: { name: string }) => name);
  expect([names, second.body.nextCursor]).toEqual([['a', 'b', 'c'], null]);
});

describe('with a cluster', () => {
  let version: number;
  beforeEach(async () => ({ version } = (await api('POST', '', berlin)).body));

  test('a change replaces whole values and is refused to a writer that saw an older version', async () => {
    const changed = await api(
      'PATCH',
      '/berlin',
      { name: 'hamburg', pods: ['10.44.0.0/16'] },
      { 'if-match': `"${version}"` },
    );
    expect([changed.status, changed.body]).toEqual([
      200,
      expect.objectContaining({
        name: 'hamburg',
        pods: ['10.44.0.0/16'],
        services: berlin.services,
        version: version + 1,
      }),
    ]);
    const late = await api('PATCH', '/hamburg', { model: 'island' }, { 'if-match': `"${version}"` });
    expect([late.status, late.body.code]).toEqual([412, 'version_mismatch']);
    expect((await api('PATCH', '/hamburg', { members: [] })).body.errors[0].field).toBe('members');
  });

  test('members come, change and go one by one, each once', async () => {
    const set = (pods: string[]) => api('PUT', '/berlin/members/web-1', { pods });
    expect((await set(['10.42.1.0/24'])).body.members).toEqual([
      { nodeId: web1, name: 'web-1', pods: ['10.42.1.0/24'] },
    ]);
    const again = await set(['10.42.1.0/24']);
    expect([again.status, again.body.version]).toEqual([200, version + 1]);
    expect((await set(['10.42.2.0/24'])).body).toMatchObject({ version: version + 2 });
    const overlapping = await api('PUT', '/berlin/members/web-2', { pods: ['10.42.2.128/25'] });
    expect(overlapping.body).toMatchObject({ code: 'cidr_overlap', detail: expect.stringMatching(/web-2.*web-1/) });
    for (let i = 0; i < 2; i++) expect((await api('DELETE', '/berlin/members/web-1')).status).toBe(204);
    expect((await api('GET', '/berlin')).body).toMatchObject({ members: [], version: version + 3 });
    expect((await api('PUT', '/berlin/members/nobody', {})).status).toBe(404);
    expect((await api('PUT', '/nowhere/members/web-1', {})).status).toBe(404);
  });

  test('a removed node is no member any more, and the cluster has changed', async () => {
    await api('PUT', '/berlin/members/web-1', {});
    await registry.request('DELETE', '/api/v1/networks/prod/nodes/web-1');
    expect((await api('GET', '/berlin')).body).toMatchObject({ members: [], version: version + 2 });
  });

  test.each([
    ['10.42.7.9', 200, { real: '10.42.7.9', crossing: '10.42.7.9', translated: false }],
    ['10.99.0.1', 404, { code: 'not_found', detail: expect.stringContaining('berlin') }],
    ['nonsense', 422, { code: 'invalid', errors: [{ field: 'address', message: expect.any(String) }] }],
    ['', 422, { code: 'invalid' }],
  ])('translate of %j is %i', async (address, status, body) => {
    expect(await api('GET', `/berlin/translate?address=${address}`)).toMatchObject({ status, body });
  });

  test('the same key again gets the first answer, also after it is gone; another body is refused', async () => {
    const key = { 'idempotency-key': 'k' };
    const first = await api('POST', '', { name: 'a', pods: ['10.60.0.0/16'] }, key);
    const remove = () => api('DELETE', '/a', undefined, key);
    expect([(await remove()).status, (await remove()).status, (await api('GET', '/a')).status]).toEqual([
      204, 204, 404,
    ]);
    expect(await api('POST', '', { name: 'a', pods: ['10.60.0.0/16'] }, key)).toMatchObject({
      status: 201,
      body: first.body,
    });
    const other = await api('POST', '', { name: 'a', pods: ['10.61.0.0/16'] }, key);
    expect([other.status, other.body.code]).toEqual([409, 'idempotency_mismatch']);
  });

  test('a viewer reads and changes nothing', async () => {
    const headers = { authorization: `Bearer ${await registry.tokenOf('viewer')}` };
    expect((await api('GET', '/berlin', undefined, headers)).status).toBe(200);
    for (const [method, path, body] of [
      ['POST', '', berlin],
      ['PATCH', '/berlin', {}],
      ['DELETE', '/berlin', undefined],
      ['PUT', '/berlin/members/web-1', {}],
      ['DELETE', '/berlin/members/web-1', undefined],
    ] as const)
      expect((await api(method, path, body, headers)).body.code).toBe('forbidden');
  });
});
