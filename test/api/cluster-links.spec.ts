import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startApi, type TestApi } from './api.fixture.js';

let api: TestApi;
beforeEach(async () => {
  api = await startApi();
  await api.request('POST', '/api/v1/networks', { body: { name: 'prod', cidr: '10.90.0.0/24', cidr6: null } });
  for (const name of ['berlin', 'paris', 'rome']) await declare({ name });
});
afterEach(() => api.close());

const ranges = { pods: ['10.42.0.0/16'], services: ['10.43.0.0/16'] };
const declare = (body: object) => api.prod('POST', 'clusters', { ...ranges, model: 'archipelago', ...body });
const link = (a: string, b: string, more: object = {}) => api.prod('POST', 'cluster-links', { a, b, ...more });

test('a link of clusters with equal ranges gives both virtual ones, and every address can be translated', async () => {
  const created = await link('berlin', 'paris');
  expect(created.status).toBe(201);
  const berlinFirst = created.body.a.name === 'berlin';
  const [berlin, paris] = berlinFirst ? ['a', 'b'] : ['b', 'a'];
  expect([created.body[berlin!].name, created.body[paris!].name]).toEqual(['berlin', 'paris']);
  const crossing: string[] = [...created.body.ranges.a, ...created.body.ranges.b].map((range) => range.crossing);
  expect(new Set(crossing).size).toBe(4);
  for (const range of crossing) expect(range).toMatch(/^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.0\.0\/16$/);
  const pods = created.body.ranges[berlin!][0];
  expect(pods).toMatchObject({ kind: 'pods', real: '10.42.0.0/16' });

  const virtual = pods.crossing.replace('.0.0/16', '.7.9');
  for (const address of ['10.42.7.9', virtual])
    expect((await api.prod('GET', `clusters/berlin/translate?address=${address}`)).body).toEqual({
      real: '10.42.7.9',
      crossing: virtual,
      translated: true,
      range: pods,
    });
  expect((await api.prod('GET', 'clusters/berlin')).body.linkedWith).toEqual([created.body[paris!]]);
  expect((await api.prod('GET', `cluster-links/${created.body.linkId}`)).body).toEqual(created.body);
});

test('two that are linked stay so, in any order, with no second fact; three link pairwise and are paged', async () => {
  const first = await link('berlin', 'paris');
  const again = await link('paris', 'berlin');
  expect(again).toMatchObject({ status: 201, body: first.body });
  await link('berlin', 'rome');
  await link('paris', 'rome');
  const page = await api.prod('GET', 'cluster-links?limit=2');
  const rest = await api.prod('GET', `cluster-links?cursor=${page.body.nextCursor}`);
  const seen = [...page.body.items, ...rest.body.items];
  expect([seen.length, seen[0].linkId, rest.body.nextCursor]).toEqual([3, first.body.linkId, null]);
  const crossing = seen.flatMap(({ ranges: { a, b } }) => [...a, ...b]).map((range) => range.crossing);
  expect(new Set(crossing).size).toBe(6);
});

test('an unlinked cluster gives its virtual ranges back; removal is answered again under its key', async () => {
  const { body } = await link('berlin', 'paris');
  const remove = () => api.prod('DELETE', `cluster-links/${body.linkId}`, undefined, { 'idempotency-key': 'k' });
  expect([(await remove()).status, (await remove()).status]).toEqual([204, 204]);
  expect((await api.prod('DELETE', `cluster-links/${body.linkId}`)).status).toBe(404);
  expect((await api.prod('GET', 'clusters/berlin')).body).toMatchObject({
    linkedWith: [],
    crossing: [{ crossing: '10.42.0.0/16' }, {}],
  });
});

describe('refused', () => {
  test.each([
    ['a cluster with itself', { a: 'berlin', b: 'berlin' }, '409 link_self', /berlin/],
    ['an unknown cluster', { a: 'berlin', b: 'oslo' }, '404 not_found b', /oslo/],
    ['one cluster only', { a: 'berlin' }, '422 invalid b', /b/],
    ['an unknown field', { a: 'berlin', b: 'paris', both: true }, '422 invalid both', /both/],
    ['another choice', { a: 'berlin', b: 'paris', onOverlap: 'ignore' }, '422 invalid onOverlap', /assign, refuse/],
    [
      'an overlap that shall not be translated',
      { a: 'berlin', b: 'paris', onOverlap: 'refuse' },
      '409 cidr_overlap',
      /10\.42\.0\.0\/16 of cluster "(berlin|paris)".*10\.42\.0\.0\/16 of cluster "(berlin|paris)".*onOverlap/,
    ],
  ])('is %s', async (_what, body, expected, detail) => {
    const [status, code, field] = expected.split(' ');
    const answer = await api.refused('cluster-links', body);
    expect(answer).toMatchObject({ status: Number(status), code, detail: expect.stringMatching(detail) });
    if (field) expect(answer.fields).toContain(field);
  });

  test('are a pool without room, and one that collides with what a cluster has', async () => {
    await api.request('PATCH', '/api/v1/networks/prod', { body: { virtualPool: '100.64.0.0/16' } });
    expect(await api.refused('cluster-links', { a: 'berlin', b: 'paris' })).toMatchObject({
      status: 409,
      code: 'pool_exhausted',
      detail: expect.stringMatching(/100\.64\.0\.0\/16.*10\.4\d\.0\.0\/16 of cluster/),
    });
    const collides = await api.request('PATCH', '/api/v1/networks/prod', { body: { virtualPool: '10.40.0.0/13' } });
    expect(collides.body).toMatchObject({ code: 'cidr_overlap', detail: expect.stringMatching(/pool.*cluster/) });
  });

  test.each(['isolated', 'island'])('are links of an %s cluster', async (model) => {
    await declare({ name: 'alone', model, pods: ['10.50.0.0/16'], services: [] });
    expect(await api.refused('cluster-links', { a: 'alone', b: 'rome' })).toMatchObject({
      status: 409,
      code: 'model_forbids',
      detail: expect.stringContaining('alone'),
    });
  });

  test('is what would break a linked cluster: its removal, its ranges, its model', async () => {
    await link('berlin', 'paris');
    expect(await api.refused('clusters/berlin', undefined, 'DELETE')).toMatchObject({
      status: 409,
      code: 'in_use',
      detail: expect.stringContaining('paris'),
    });
    expect(await api.refused('clusters/berlin', { pods: ['10.60.0.0/16'] }, 'PATCH')).toMatchObject({ code: 'in_use' });
    expect(await api.refused('clusters/berlin', { model: 'isolated' }, 'PATCH')).toMatchObject({
      code: 'model_forbids',
    });
  });
});
