import { startRegistry, type TestRegistry } from '../testing/registry.fixture.js';

let registry: TestRegistry;
beforeEach(async () => (registry = await startRegistry()));
afterEach(() => registry.close());

const create = (body: object) => registry.request('POST', '/api/v1/networks', { body });

describe('creating a network', () => {
  test('answers with the resource and its entity tag, and it can be read by name and by id', async () => {
    const created = await create({ name: 'prod', cidr: '10.1.0.0/16', cidr6: null, mtu: 1380, defaultPolicy: 'deny' });
    expect(created.status).toBe(201);
    expect(created.headers.get('etag')).toBe('"1"');
    expect(created.body).toMatchObject({
      name: 'prod',
      cidr: '10.1.0.0/16',
      cidr6: null,
      model: 'flat',
      mtu: 1380,
      keepalive: 25,
      defaultPolicy: 'deny',
      virtualPool: '100.64.0.0/10',
      virtualPool6: 'fd64:746f:6d62::/48',
      nodes: 0,
      version: 1,
    });
    for (const name of ['prod', created.body.networkId]) {
      const shown = await registry.request('GET', `/api/v1/networks/${name}`);
      expect([shown.status, shown.headers.get('etag'), shown.body]).toEqual([200, '"1"', created.body]);
    }
  });

  test.each([
    [{ name: 'a b' }, 422, 'invalid', 'name'],
    [{ name: 'a'.repeat(64) }, 422, 'invalid', 'name'],
    [{ name: 'Prod' }, 422, 'invalid', 'name'],
    [{ name: '' }, 422, 'invalid', 'name'],
    [{ name: 7 }, 422, 'invalid', 'name'],
    [{ name: null }, 422, 'invalid', 'name'],
    [{}, 422, 'invalid', 'name'],
    [{ name: ['prod'] }, 422, 'invalid', 'name'],
    [{ name: 'system' }, 409, 'name_reserved', undefined],
    [{ name: 'prod', color: 'red' }, 422, 'invalid', 'color'],
    [{ name: 'prod', mtu: '1420' }, 422, 'invalid', 'mtu'],
    [{ name: 'prod', mtu: 1420.5 }, 422, 'invalid', 'mtu'],
    [{ name: 'prod', mtu: 100 }, 422, 'invalid', 'mtu'],
    [{ name: 'prod', keepalive: -1 }, 422, 'invalid', 'keepalive'],
    [{ name: 'prod', model: 'round' }, 422, 'invalid', 'model'],
    [{ name: 'prod', defaultPolicy: true }, 422, 'invalid', 'defaultPolicy'],
    [{ name: 'prod', cidr: '10.0.0.256/24' }, 422, 'cidr_invalid', undefined],
    [{ name: 'prod', cidr: '10.0.0.0' }, 422, 'cidr_invalid', undefined],
    [{ name: 'prod', cidr: '10.0.0.0/31' }, 422, 'cidr_invalid', undefined],
    [{ name: 'prod', cidr: '10.0.0.0/32' }, 422, 'cidr_invalid', undefined],
    [{ name: 'prod', cidr6: 'fd00::/127' }, 422, 'cidr_invalid', undefined],
    [{ name: 'prod', cidr6: 'fd00::/128' }, 422, 'cidr_invalid', undefined],
    [{ name: 'prod', cidr: '10.0.0.1/24' }, 422, 'cidr_invalid', undefined],
    [{ name: 'prod', cidr: 'fd00::/64' }, 422, 'cidr_invalid', undefined],
    [{ name: 'prod', cidr: 'x'.repeat(70) }, 422, 'invalid', 'cidr'],
    [{ name: 'prod', cidr: null, cidr6: null }, 422, 'invalid', 'cidr'],
    [{ name: 'prod', virtualPool: '100.64.0.1/10' }, 422, 'cidr_invalid', 'virtualPool'],
    [{ name: 'prod', virtualPool: 'fd00::/48' }, 422, 'cidr_invalid', 'virtualPool'],
    [{ name: 'prod', virtualPool6: '0.0.0.0/0' }, 422, 'cidr_invalid', 'virtualPool6'],
    [{ name: 'prod', virtualPool: 7 }, 422, 'invalid', 'virtualPool'],
    [{ name: 'prod', cidr: '10.1.0.0/16', virtualPool: '10.0.0.0/8' }, 409, 'cidr_overlap', undefined],
  ])('refuses %j', async (body, status, code, field) => {
    const answer = await create(body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    if (field) expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
    expect((await registry.request('GET', '/api/v1/networks')).body.items).toEqual([]);
  });

  test('names the other party of an overlap and of a taken name', async () => {
    await create({ name: 'prod', cidr: '10.1.0.0/16' });
    const overlap = await create({ name: 'test', cidr: '10.1.128.0/17' });
    expect(overlap).toMatchObject({
      status: 409,
      body: { code: 'cidr_overlap', detail: expect.stringContaining('prod') },
    });
    const taken = await create({ name: 'prod' });
    expect(taken).toMatchObject({ status: 409, body: { code: 'name_taken', detail: expect.stringContaining('prod') } });
  });
});

describe('listing networks', () => {
  beforeEach(async () => {
    for (const name of ['c', 'a', 'e', 'b', 'd']) await create({ name, cidr6: 'none' });
  });

  test('is by name, in pages that a cursor joins', async () => {
    const names: string[] = [];
    let query = 'limit=2';
    for (let pages = 0; pages < 3; pages++) {
      const { body } = await registry.request('GET', `/api/v1/networks?${query}`);
      names.push(...body.items.map((item: { name: string }) => item.name));
      query = `limit=2&cursor=${body.nextCursor}`;
      expect(body.nextCursor === null).toBe(pages === 2);
    }
    expect(names).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test.each(['limit=0', 'limit=1001', 'limit=-1', 'limit=abc', 'limit=1&limit=2', 'cursor=x', 'colour=red'])(
    'refuses %s',
    async (query) => {
      const answer = await registry.request('GET', `/api/v1/networks?${query}`);
      expect([answer.status, answer.body.code]).toEqual([422, 'invalid']);
      expect(answer.body.errors[0].field).toBe(query.split('=')[0]);
    },
  );
});

describe('changing a network', () => {
  beforeEach(() => create({ name: 'prod' }));

  test('makes a fact of what differs, and the answer is the resource at its new version', async () => {
    const changed = await registry.request('PATCH', '/api/v1/networks/prod', { body: { mtu: 1300 } });
    expect([changed.status, changed.headers.get('etag'), changed.body.mtu]).toEqual([200, '"2"', 1300]);
    const again = await registry.request('PATCH', '/api/v1/networks/prod', { body: { mtu: 1300 } });
    expect([again.status, again.headers.get('etag')]).toEqual([200, '"2"']);
  });

  test.each([
    ['"1"', 200],
    ['*', 200],
    ['"2"', 412],
    ['"abc"', 412],
    ['W/"1"', 412],
    ['1', 412],
  ])('with If-Match: %s is %i', async (tag, status) => {
    const options = { body: { mtu: 1300 }, headers: { 'if-match': tag } };
    const answer = await registry.request('PATCH', '/api/v1/networks/prod', options);
    expect(answer.status).toBe(status);
    if (status === 412) expect(answer.body.code).toBe('version_mismatch');
  });

  test.each([{ cidr: '10.2.0.0/16' }, { name: 'other' }, { mtu: null }])('refuses %j', async (body) => {
    const answer = await registry.request('PATCH', '/api/v1/networks/prod', { body });
    expect([answer.status, answer.body.code]).toEqual([422, 'invalid']);
  });

  test('moves the virtual pools, null for none, and refuses one that is in use already', async () => {
    const change = (body: object) => registry.request('PATCH', '/api/v1/networks/prod', { body });
    const changed = await change({ virtualPool: '172.16.0.0/12', virtualPool6: null });
    expect(changed).toMatchObject({ status: 200, body: { virtualPool: '172.16.0.0/12', virtualPool6: null } });
    expect((await registry.request('GET', '/api/v1/networks/prod')).body).toEqual(changed.body);
    const refused = await change({ virtualPool: '10.0.0.0/8' });
    expect(refused.body).toMatchObject({ code: 'cidr_overlap', detail: expect.stringContaining('network "prod"') });
  });

  test('of a name that is not there is a 404', async () => {
    const answer = await registry.request('PATCH', '/api/v1/networks/nowhere', { body: { mtu: 1300 } });
    expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
  });
});

describe('deleting a network', () => {
  test('frees its name and range; the same key again gets the same answer, another request does not', async () => {
    await create({ name: 'prod', cidr: '10.1.0.0/16' });
    const headers = { 'idempotency-key': 'delete-prod' };
    const first = await registry.request('DELETE', '/api/v1/networks/prod', { headers });
    const second = await registry.request('DELETE', '/api/v1/networks/prod', { headers });
    const other = await registry.request('DELETE', '/api/v1/networks/prod');
    expect([first.status, second.status, other.status]).toEqual([204, 204, 404]);
    expect((await create({ name: 'prod', cidr: '10.1.0.0/16' })).status).toBe(201);
  });

  test('is refused while nodes are in it, unless it is forced', async () => {
    await create({ name: 'prod' });
    await registry.enrol('prod', 'web-1');
    const refused = await registry.request('DELETE', '/api/v1/networks/prod');
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'network_not_empty', detail: expect.stringContaining('web-1') },
    });
    expect((await registry.request('DELETE', '/api/v1/networks/prod?force=maybe')).status).toBe(422);
    expect((await registry.request('DELETE', '/api/v1/networks/prod?force=true')).status).toBe(204);
  });

  test('is refused while a cluster is in it, unless it is forced; a new network of that name is empty', async () => {
    await create({ name: 'prod', cidr: '10.1.0.0/16' });
    const body = { name: 'berlin', pods: ['10.42.0.0/16'] };
    await registry.request('POST', '/api/v1/networks/prod/clusters', { body });
    const refused = await registry.request('DELETE', '/api/v1/networks/prod');
    expect(refused.body).toMatchObject({
      code: 'network_not_empty',
      detail: expect.stringContaining('cluster "berlin"'),
    });
    expect((await registry.request('DELETE', '/api/v1/networks/prod?force=true')).status).toBe(204);
    await create({ name: 'prod', cidr: '10.1.0.0/16' });
    expect((await registry.request('GET', '/api/v1/networks/prod/clusters')).body.items).toEqual([]);
  });
});
