import { startRegistry, type TestRegistry } from '../testing/registry.fixture.js';

let registry: TestRegistry;
beforeEach(async () => (registry = await startRegistry()));
afterEach(() => registry.close());

const create = (name: string, key: string, headers: Record<string, string> = {}) =>
  registry.request('POST', '/api/v1/networks', { body: { name }, headers: { 'idempotency-key': key, ...headers } });

describe('Idempotency-Key', () => {
  test('the same key again gets the first answer and makes no second fact', async () => {
    const first = await create('prod', 'k1');
    const second = await create('prod', 'k1');
    expect([second.status, second.body, second.headers.get('etag')]).toEqual([
      first.status,
      first.body,
      first.headers.get('etag'),
    ]);
    expect((await registry.request('GET', '/api/v1/networks/prod/events')).body.items).toHaveLength(1);
  });

  test('many requests with one key at once make one resource', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => create('prod', 'k1')));
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.networkId}`)).size).toBe(1);
  });

  test('the answer stays the first one when the resource has changed since', async () => {
    const first = await create('prod', 'k1');
    await registry.request('PATCH', '/api/v1/networks/prod', { body: { mtu: 1300 } });
    expect((await create('prod', 'k1')).body).toEqual(first.body);
  });

  test('another body under the same key is refused and changes nothing', async () => {
    await create('prod', 'k1');
    const other = await create('test', 'k1');
    expect([other.status, other.body.code]).toEqual([409, 'idempotency_mismatch']);
    expect((await registry.request('GET', '/api/v1/networks')).body.items).toHaveLength(1);
  });

  test('the same body with its fields in another order is the same request', async () => {
    const headers = { 'idempotency-key': 'k1' };
    const send = (text: string) => registry.request('POST', '/api/v1/networks', { text, headers });
    const first = await send('{"name":"prod","mtu":1300}');
    const second = await send('{ "mtu": 1300, "name": "prod" }');
    expect([second.status, second.body]).toEqual([201, first.body]);
  });

  test('keys of two users, and of two paths, never meet', async () => {
    const operator = await registry.tokenOf('operator');
    await create('prod', 'k1');
    expect((await create('test', 'k1', { authorization: `Bearer ${operator}` })).status).toBe(201);
    const headers = { 'idempotency-key': 'k1' };
    const keys = await Promise.all(
      ['prod', 'test'].map((name) =>
        registry.request('POST', `/api/v1/networks/${name}/enrollment-keys`, { body: {}, headers }),
      ),
    );
    expect(keys.map(({ status }) => status)).toEqual([201, 201]);
    expect(keys[0]!.body.keyId).not.toBe(keys[1]!.body.keyId);
  });

  test('an enrolment key and an API token are repeated with the same secret, which the log does not hold', async () => {
    await create('prod', 'k1');
    for (const [path, body] of [
      ['/api/v1/networks/prod/enrollment-keys', { uses: 10 }],
      ['/api/v1/tokens', { name: 'ci', role: 'viewer' }],
    ] as const) {
      const send = () => registry.request('POST', path, { body, headers: { 'idempotency-key': 'k2' } });
      const [first, second] = [await send(), await send()];
      expect(second.body).toEqual(first.body);
      expect(first.body.token).toMatch(/^tmbt?_/);
      for (const stream of ['prod', 'system']) {
        const { body: facts } = await registry.request('GET', `/api/v1/networks/${stream}/events`);
        expect(JSON.stringify(facts)).not.toContain(first.body.token);
      }
    }
    expect((await registry.request('GET', '/api/v1/networks/prod/enrollment-keys')).body.items).toHaveLength(1);
  });

  test.each([
    ['', 422],
    ['x'.repeat(256), 422],
    ['x'.repeat(255), 201],
    ['any text: "quoted", with spaces', 201],
  ])('a key of %j is %i', async (key, status) => {
    expect((await create('prod', key)).status).toBe(status);
  });

  test('a repeated command is not refused for the version that it made itself', async () => {
    await create('prod', 'k1');
    const change = () =>
      registry.request('PATCH', '/api/v1/networks/prod', {
        body: { mtu: 1300 },
        headers: { 'idempotency-key': 'k2', 'if-match': '"1"' },
      });
    expect([(await change()).status, (await change()).status]).toEqual([200, 200]);
  });
});
