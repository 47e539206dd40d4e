import { startRegistry, type TestRegistry } from '../testing/registry.fixture.js';
import { newApiToken } from './api-token.js';

let registry: TestRegistry;
beforeEach(async () => (registry = await startRegistry()));
afterEach(() => registry.close());

const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

/** What may be asked without an API token. */
const OPEN = ['GET /healthz', 'GET /readyz', 'GET /metrics'];
const OWN_PROOF = [
  'POST /api/v1/nodes/{id}/public-key',
  'POST /api/v1/nodes/{id}/membership',
  'POST /api/v1/enroll',
  'POST /api/v1/nodes/{id}/credentials',
  'DELETE /api/v1/nodes/{id}',
];

test('every documented route but those that bring their own proof wants a token', async () => {
  const { body: document } = await registry.request('GET', '/api/openapi.json', { headers: { authorization: '' } });
  const routes = Object.entries(document.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(routes.length).toBeGreaterThan(25);
  for (const route of routes.filter((each) => !OPEN.includes(each))) {
    const [method, path] = route.split(' ') as [string, string];
    const body = method === 'GET' ? {} : { body: {} };
    const answer = await registry.request(method, path.replace(/\{\w+\}/g, 'x'), {
      ...body,
      headers: { authorization: '' },
    });
    expect([route, answer.status]).toEqual([route, OWN_PROOF.includes(route) ? expect.any(Number) : 401]);
  }
});

describe('roles', () => {
  const requests = {
    read: ['GET', '/api/v1/networks', undefined],
    plan: ['POST', '/api/v1/networks/prod/plan', { commands: [{ command: 'network.set', mtu: 1300 }] }],
    write: ['PATCH', '/api/v1/networks/prod', { mtu: 1300 }],
    tokens: ['GET', '/api/v1/tokens', undefined],
    system: ['GET', '/api/v1/networks/system/events', undefined],
  } as const;

  test.each([
    ['viewer', { read: 200, plan: 200, write: 403, tokens: 403, system: 403 }],
    ['operator', { read: 200, plan: 200, write: 200, tokens: 403, system: 403 }],
    ['admin', { read: 200, plan: 200, write: 200, tokens: 200, system: 200 }],
  ] as const)('a %s', async (role, expected) => {
    await registry.request('POST', '/api/v1/networks', { body: { name: 'prod' } });
    const token = await registry.tokenOf(role, `the-${role}`);
    const statuses = await Promise.all(
      Object.entries(requests).map(async ([what, [method, path, body]]) => {
        const answer = await registry.request(method, path, { ...as(token), body });
        if (answer.status === 403)
          expect(answer.body).toMatchObject({ code: 'forbidden', detail: expect.stringContaining(role) });
        return [what, answer.status];
      }),
    );
    expect(Object.fromEntries(statuses)).toEqual(expected);
  });
});

test.each([
  ['an unknown token', () => newApiToken()],
  ['a broken token', () => 'tmbt_short'],
])('%s is a 401 with a challenge', async (_, token) => {
  const answer = await registry.request('GET', '/api/v1/networks', as(token()));
  expect([answer.status, answer.body.code]).toEqual([401, 'unauthorized']);
  expect(answer.headers.get('www-authenticate')).toContain('Bearer');
});

test('a revoked token is refused at once; the last admin token cannot be revoked', async () => {
  const { body: created } = await registry.request('POST', '/api/v1/tokens', { body: { name: 'ci', role: 'admin' } });
  expect((await registry.request('GET', '/api/v1/tokens', as(created.token))).status).toBe(200);
  expect((await registry.request('DELETE', `/api/v1/tokens/${created.tokenId}`)).status).toBe(204);
  expect((await registry.request('GET', '/api/v1/tokens', as(created.token))).status).toBe(401);
  const { body: list } = await registry.request('GET', '/api/v1/tokens');
  const last = list.items.find((token: { name: string }) => token.name === 'admin');
  expect(await registry.request('DELETE', `/api/v1/tokens/${last.tokenId}`)).toMatchObject({
    status: 409,
    body: { code: 'last_admin' },
  });
});

test('wrong tokens from one address are slowed down, right ones pass all the same', async () => {
  const attempt = () => registry.request('GET', '/api/v1/networks', as(newApiToken()));
  const { burst } = registry.options.limits.failedAttempts;
  for (let i = 0; i < burst; i++) expect((await attempt()).status).toBe(401);
  const refused = await attempt();
  expect([refused.status, refused.body.code]).toEqual([429, 'too_many_requests']);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect((await registry.request('GET', '/api/v1/networks')).status).toBe(200);
  registry.clock.advance(1_000);
  expect((await attempt()).status).toBe(401);
});

test('the log of requests holds no secret', async () => {
  await registry.request('POST', '/api/v1/networks', { body: { name: 'prod' } });
  const { bearer } = await registry.key('prod');
  await registry.enrol('prod', 'web-1', bearer);
  const lines = registry.logLines.join('');
  expect(lines).toContain('/api/v1/enroll');
  expect(lines).not.toContain(registry.admin);
  expect(lines).not.toContain(bearer.split('.')[1]);
});
