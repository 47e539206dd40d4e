import { startRegistry, type TestRegistry } from '../testing/registry.fixture.js';
import { TestNode } from '../testing/test-node.js';

let registry: TestRegistry;
beforeEach(async () => {
  registry = await startRegistry();
  await registry.request('POST', '/api/v1/networks', { body: { name: 'prod', cidr: '10.1.0.0/24' } });
});
afterEach(() => registry.close());

const enrol = (request: object, bearer: string, headers: Record<string, string> = {}) =>
  registry.request('POST', '/api/v1/enroll', {
    body: request,
    headers: { authorization: `Bearer ${bearer}`, ...headers },
  });

describe('joining with a key', () => {
  test('answers with all that a node needs', async () => {
    const { bearer } = await registry.key('prod', { labels: { role: 'web' }, site: 'fra' });
    const answer = await enrol(new TestNode('web-1').request, bearer);
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      nodeId: expect.any(String),
      network: 'prod',
      name: 'web-1',
      addresses: ['10.1.0.1', expect.stringMatching(/^fd.*::1$/)],
      controllerKey: registry.options.controllerKey,
      ca: null,
      nats: {
        urls: ['nats://127.0.0.1:4222'],
        jwt: expect.stringMatching(/^eyJ/),
        expiresAt: '2026-11-20T13:00:00.000Z',
      },
      version: 3,
    });
    const shown = await registry.request('GET', `/api/v1/networks/prod/nodes/${answer.body.nodeId}`);
    expect(shown.body).toMatchObject({ labels: { role: 'web' }, site: 'fra' });
  });

  test('a machine whose answer was lost asks again and gets its node back, using up nothing', async () => {
    const { bearer, keyId } = await registry.key('prod', { uses: 1 });
    const { request } = new TestNode('web-1');
    const [first, second] = [await enrol(request, bearer), await enrol(request, bearer)];
    expect([second.status, second.body.nodeId, second.body.addresses]).toEqual([
      201,
      first.body.nodeId,
      first.body.addresses,
    ]);
    expect((await registry.request('GET', `/api/v1/networks/prod/enrollment-keys/${keyId}`)).body.used).toBe(1);
  });

  test('a node that was removed gets no login by repeating its old request', async () => {
    const { bearer } = await registry.key('prod', { uses: 1 });
    const { request } = new TestNode('web-1');
    const headers = { 'idempotency-key': 'join-web-1' };
    expect((await enrol(request, bearer, headers)).status).toBe(201);
    await registry.request('DELETE', '/api/v1/networks/prod/nodes/web-1');
    for (const repeated of [await enrol(request, bearer, headers), await enrol(request, bearer)]) {
      expect(repeated.status).toBeGreaterThanOrEqual(400);
      expect(JSON.stringify(repeated.body)).not.toContain('jwt');
    }
  });

  test('a key made a moment ago by another replica is found', async () => {
    const other = await registry.replica();
    const { bearer } = await other.key('prod');
    expect((await enrol(new TestNode('web-1').request, bearer)).status).toBe(201);
    await other.close();
  });
});

describe('keys that do not admit', () => {
  test.each([
    ['exhausted', { uses: 1 }, 'key_exhausted', (bearer: string) => enrol(new TestNode('first').request, bearer)],
    ['expired', { expiresIn: 60 }, 'key_expired', () => registry.clock.advance(60_000)],
    [
      'expired at a given time',
      { expiresAt: '2026-11-20T13:01:00+01:00' },
      'key_expired',
      () => registry.clock.advance(60_000),
    ],
    [
      'revoked',
      {},
      'key_revoked',
      (bearer: string) => registry.request('DELETE', `/api/v1/networks/prod/enrollment-keys/${bearer.split('.')[0]}`),
    ],
  ])('%s', async (_, body, code, spoil) => {
    const { bearer } = await registry.key('prod', body);
    await spoil(bearer);
    const answer = await enrol(new TestNode('late').request, bearer);
    expect([answer.status, answer.body.code]).toEqual([409, code]);
  });

  test.each([
    ['no secret', '', 401, 'unauthorized'],
    ['not a key', 'nonsense', 401, 'key_unknown'],
    ['an unknown key', '01930a0b-0000-7000-8000-000000000001.c2VjcmV0', 401, 'key_unknown'],
    ['a wildcard', '*.c2VjcmV0', 401, 'unauthorized'],
  ])('%s', async (_, bearer, status, code) => {
    const answer = await enrol(new TestNode('web-1').request, bearer);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  test('a wrong secret looks like an unknown key, and too many of them are slowed down', async () => {
    const { keyId } = await registry.key('prod');
    const { burst } = registry.options.limits.failedAttempts;
    const answers = [];
    for (let i = 0; i <= burst; i++) answers.push(await enrol(new TestNode('web-1').request, `${keyId}.wrong`));
    expect(answers[0]!.body.code).toBe('key_unknown');
    expect(answers.at(-1)!.status).toBe(429);
  });

  test('enrolments from one address are limited', async () => {
    const limits = { ...registry.options.limits, enrolments: { burst: 2, perSecond: 1 } };
    const strict = await registry.replica({ limits });
    const { bearer } = await registry.key('prod');
    const join = (name: string) => strict.enrol('prod', name, bearer).then(({ answer }) => answer.status);
    expect([await join('a'), await join('b'), await join('c')]).toEqual([201, 201, 429]);
    await strict.close();
  });
});

describe('requests that are not right', () => {
  const base64 = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64');

  test.each([
    [{ publicKey: base64(31) }, 'publicKey'],
    [{ publicKey: base64(33) }, 'publicKey'],
    [{ publicKey: Buffer.alloc(32).toString('base64') }, 'publicKey'],
    [{ publicKey: 'no base64!' }, 'publicKey'],
    [{ controlKey: base64(31) }, 'controlKey'],
    [{ natsKey: '*' }, 'natsKey'],
    [{ natsKey: 'U' + 'A'.repeat(55) }, 'natsKey'],
    [{ name: 'Web 1' }, 'name'],
    [{ name: 'a'.repeat(64) }, 'name'],
    [{ name: undefined }, 'name'],
    [{ publicKey: undefined }, 'publicKey'],
    [{ addresses: ['10.1.0.77'] }, 'addresses'],
    [{ endpoints: [{ address: '10.1.0.256', port: 1, kind: 'lan' }] }, 'endpoints[0].address'],
    [{ labels: { a: {} } }, 'labels.a'],
  ])('%j', async (wrong, field) => {
    const { bearer, keyId } = await registry.key('prod', { uses: 1 });
    const answer = await enrol({ ...new TestNode('web-1').request, ...wrong }, bearer);
    expect([answer.status, answer.body.code]).toEqual([422, 'invalid']);
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
    expect((await registry.request('GET', `/api/v1/networks/prod/enrollment-keys/${keyId}`)).body.used).toBe(0);
  });

  test.each(['publicKey', 'controlKey', 'natsKey'] as const)('a %s that another node has', async (field) => {
    const { node } = await registry.enrol('prod', 'web-1');
    const { bearer } = await registry.key('prod');
    const answer = await enrol({ ...new TestNode('web-2').request, [field]: node.request[field] }, bearer);
    expect(answer).toMatchObject({
      status: 409,
      body: { code: 'public_key_taken', detail: expect.stringContaining('web-1'), errors: [{ field }] },
    });
  });

  test('a range without a free address', async () => {
    await registry.request('POST', '/api/v1/networks', { body: { name: 'tiny', cidr: '10.9.0.0/30', cidr6: null } });
    const { bearer } = await registry.key('tiny');
    const answers = [];
    for (const name of ['a', 'b', 'c']) answers.push(await enrol(new TestNode(name).request, bearer));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 409]);
    expect(answers[2]!.body.code).toBe('range_exhausted');
  });
});
