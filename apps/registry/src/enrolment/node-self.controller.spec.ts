import { delegate, signOwnMembership } from '#contracts/sign-membership.js';
import { lockBy, operator } from '../../../../test/support/operator.js';
import { startRegistry, type TestRegistry } from '../testing/registry.fixture.js';
import { TestNode } from '../testing/test-node.js';

const anonymous = { headers: { authorization: '' } };
let registry: TestRegistry;
let node: TestNode;
let nodeId: string;
beforeEach(async () => {
  registry = await startRegistry();
  await registry.request('POST', '/api/v1/networks', { body: { name: 'prod' } });
  ({ node, nodeId } = await registry.enrol('prod', 'web-1'));
});
afterEach(() => registry.close());

const refresh = (body: object, id = nodeId) =>
  registry.request('POST', `/api/v1/nodes/${id}/credentials`, { body, ...anonymous });
const leave = (body: object) => registry.request('DELETE', `/api/v1/nodes/${nodeId}`, { body, ...anonymous });

test('a node renews its login with its own key', async () => {
  registry.clock.advance(1_800_000);
  const answer = await refresh(node.proof('refresh', nodeId, registry.clock.now()));
  expect([answer.status, answer.body]).toEqual([
    200,
    { urls: ['nats://127.0.0.1:4222'], jwt: expect.any(String), expiresAt: '2026-11-20T13:30:00.000Z' },
  ]);
});

test.each([
  ['another node’s key', () => new TestNode('web-1').proof('refresh', nodeId, registry.clock.now()), 401],
  ['a proof for leaving', () => ({ ...node.proof('leave', nodeId, registry.clock.now()), action: 'refresh' }), 401],
  ['a proof that says leave', () => node.proof('leave', nodeId, registry.clock.now()), 422],
  ['a proof of another node’s id', () => node.proof('refresh', nodeId.replace(/.$/, 'x'), registry.clock.now()), 401],
  ['an old proof', () => node.proof('refresh', nodeId, new Date(registry.clock.wall - 300_001)), 401],
  ['a proof from the future', () => node.proof('refresh', nodeId, new Date(registry.clock.wall + 300_001)), 401],
  ['a proof as old as may be', () => node.proof('refresh', nodeId, new Date(registry.clock.wall - 300_000)), 200],
  ['a signature cut short', () => ({ ...node.proof('refresh', nodeId, registry.clock.now()), signature: 'AAAA' }), 401],
  ['nothing', () => ({}), 422],
])('renewal with %s is %i', async (_, proof, status) => {
  const answer = await refresh(proof());
  expect(answer.status).toBe(status);
  if (status !== 200) expect(JSON.stringify(answer.body)).not.toContain('jwt');
});

test('renewal for ids that are not ids is refused like for those not known', async () => {
  for (const id of ['*', 'x', '01930a0b-0000-7000-8000-000000000001'])
    expect((await refresh(node.proof('refresh', id, registry.clock.now()), id)).status).toBe(401);
});

test('a node leaves, twice without an error, and gets no login any more', async () => {
  const now = registry.clock.now();
  expect((await leave(node.proof('leave', nodeId, now))).status).toBe(204);
  expect((await leave(node.proof('leave', nodeId, now))).status).toBe(204);
  expect((await refresh(node.proof('refresh', nodeId, now))).status).toBe(404);
  const { body: events } = await registry.request('GET', '/api/v1/networks/prod/events?types=NodeRemoved');
  expect(events.items).toEqual([
    expect.objectContaining({
      data: { nodeId, reason: 'left' },
      metadata: expect.objectContaining({ actor: `node/${nodeId}` }),
    }),
  ]);
});

test('another node cannot make it leave', async () => {
  expect((await leave(new TestNode('web-1').proof('leave', nodeId, registry.clock.now()))).status).toBe(401);
  expect((await registry.request('GET', `/api/v1/networks/prod/nodes/${nodeId}`)).status).toBe(200);
});

test('a node signs itself with the key in its token, as far as an operator let it', async () => {
  const [ann, token] = [operator(1), operator(2)];
  const path = '/api/v1/networks/prod/lock';
  const { networkId, ranges } = (await registry.request('GET', path)).body;
  await registry.request('POST', `${path}/entries`, { body: { entry: lockBy(ann, networkId, ranges) } });
  const { keyId, addresses } = (await registry.request('GET', `/api/v1/networks/prod/nodes/${nodeId}`)).body;
  const until = new Date(registry.clock.wall + 60_000).toISOString();
  const record = { memberId: nodeId, publicKey: node.request.publicKey, addresses };
  const sign = (by: typeof token, operatorKey = ann) => {
    const delegation = delegate({ networkId, keyId, publicKey: by.publicKey, until }, operatorKey);
    const signed = signOwnMembership(record, delegation, by);
    const body = { ...node.proof('membership', nodeId, registry.clock.now()), signed };
    return registry.request('POST', `/api/v1/nodes/${nodeId}/membership`, { body, ...anonymous });
  };
  expect(await sign(token, token)).toMatchObject({ status: 409, body: { code: 'lock_refused' } });
  expect((await sign(token)).status).toBe(204);
  const { items } = (await registry.request('GET', `${path}/members`)).body;
  expect(items).toMatchObject([{ signed: true, signedBy: ann.publicKey, until, keyId, waitsFor: null }]);
  registry.clock.advance(60_000);
  expect((await registry.request('GET', `${path}/members?waiting=true`)).body.items).toMatchObject([
    { name: 'web-1', waitsFor: 'key expired' },
  ]);
  const [signature] = (await registry.request('GET', '/api/v1/networks/prod/events?types=MemberSigned')).body.items;
  expect(signature.metadata.actor).toBe(`node/${nodeId}`);
});
