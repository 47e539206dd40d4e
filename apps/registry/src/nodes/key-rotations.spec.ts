import type { MemberRecord } from '#contracts/membership-lock.js';
import { signMember } from '#contracts/sign-membership.js';
import { lockBy, operator } from '../../../../test/support/operator.js';
import { NetworkDirectory } from '../log/network-directory.js';
import { eventually } from '../testing/eventually.js';
import { startRegistry, type TestRegistry } from '../testing/registry.fixture.js';
import { newPublicKey, type TestNode } from '../testing/test-node.js';
import { KeyRotations, PATIENCE } from './key-rotations.js';

const anonymous = { headers: { authorization: '' } };
const publicKey = newPublicKey();

let registry: TestRegistry;
let node: TestNode;
let nodeId: string;
let peers: string[];
beforeEach(async () => {
  registry = await startRegistry();
  await registry.request('POST', '/api/v1/networks', { body: { name: 'prod' } });
  ({ node, nodeId } = await registry.enrol('prod', 'a'));
  peers = [(await registry.enrol('prod', 'b')).nodeId, (await registry.enrol('prod', 'c')).nodeId];
  for (const each of [nodeId, ...peers]) holds(each, 1);
});
afterEach(() => registry.close());

const path = '/api/v1/networks/prod/nodes/a';
const ask = (body = {}) => registry.request('POST', `${path}/rotate-key`, { body });
const lock = (more = '') => `/api/v1/networks/prod/lock${more}`;
const offer = (key = publicKey, body: object = node.proof('rotate-key', nodeId, registry.clock.now(), key)) =>
  registry.request('POST', `/api/v1/nodes/${nodeId}/public-key`, { body, ...anonymous });
const holds = (id: string, logVersion: number) =>
  registry.reports.tell({
    nodeId: id,
    kind: 'applied',
    body: { epoch: 1, revision: 1, digest: '0'.repeat(32), logVersion, tookMs: 1 },
  });
const shown = async () => (await registry.request('GET', path)).body;
/** What the log says after a look at all offers. */
async function step(): Promise<string> {
  await registry.app.get(NetworkDirectory).catchUp();
  await registry.app.get(KeyRotations).look();
  return (await shown()).keyRotation.step;
}
async function offered(): Promise<number> {
  await ask();
  await offer();
  return (await shown()).keyRotation.version;
}

test('asked for, offered, learned by all, in use', async () => {
  const asked = await ask();
  expect([asked.status, asked.body.keyRotation.step]).toEqual([202, 'requested']);
  expect((await offer()).status).toBe(204);
  const { keyRotation, publicKey: before } = await shown();
  expect(keyRotation).toEqual({ step: 'offered', publicKey, version: expect.any(Number) });
  expect(before).toBe(node.request.publicKey);
  for (const each of [nodeId, ...peers]) holds(each, keyRotation.version);
  await eventually(async () => expect((await shown()).publicKey).toBe(publicKey));
});

test('a peer that is there and does not know the key yet is waited for, but not for ever', async () => {
  const version = await offered();
  for (const each of [nodeId, peers[0]!]) holds(each, version);
  holds(peers[1]!, version - 1);
  expect(await step()).toBe('offered');
  registry.clock.advance(PATIENCE - 1);
  expect(await step()).toBe('offered');
  registry.clock.advance(2);
  expect(await step()).toBe('done');
});

test('a peer that is away is not waited for', async () => {
  const version = await offered();
  registry.clock.advance(90_000);
  // Seen by nobody but this replica a moment ago, whose patience begins with the first look.
  for (const each of [nodeId, peers[0]!]) holds(each, version);
  expect(await step()).toBe('done');
});

test('the node itself is waited for without limit: unaware of the change it would be cut off', async () => {
  const version = await offered();
  for (const each of peers) holds(each, version);
  expect(await step()).toBe('offered');
  registry.clock.advance(10 * PATIENCE);
  expect(await step()).toBe('offered');
  holds(nodeId, version);
  expect(await step()).toBe('done');
});

test('under a lock it waits for its signature, of which the peers are told and the node is not', async () => {
  const ann = operator(1);
  const { networkId, ranges } = (await registry.request('GET', lock())).body;
  await registry.request('POST', lock('/entries'), { body: { entry: lockBy(ann, networkId, ranges) } });
  const version = await offered();
  for (const each of [nodeId, ...peers]) holds(each, version);
  registry.clock.advance(2 * PATIENCE);
  expect(await step()).toBe('offered');
  const waiting = (await registry.request('GET', lock('/members?waiting=true'))).body.items as MemberRecord[];
  const { memberId, addresses, mayCarry } = waiting.find((each) => each.publicKey === publicKey)!;
  const signed = signMember({ networkId, memberId, publicKey, addresses, mayCarry }, ann);
  await registry.request('POST', lock('/signatures'), { body: { signatures: [{ memberId, publicKey, ...signed }] } });
  const { version: last } = (await registry.request('GET', '/api/v1/networks/prod/topology')).body;
  expect(await step()).toBe('offered');
  for (const each of peers) holds(each, last);
  expect(await step()).toBe('done');
});

test.each([
  ['another key than the one that is signed', () => ({ ...proofOf(publicKey), publicKey: newPublicKey() }), 401],
  ['a proof for another purpose', () => ({ ...proofOf(publicKey), action: 'refresh' }), 422],
  ['no key', () => node.proof('rotate-key', nodeId, registry.clock.now()), 422],
  ['what is no key', () => proofOf('AAAA'), 422],
])('an offer of %s is answered with %i', async (_, body, status) => {
  await ask();
  expect((await offer(publicKey, body())).status).toBe(status);
  expect((await shown()).publicKey).toBe(node.request.publicKey);
});

test('an offer that nobody asked for is refused', async () => {
  expect((await offer()).status).toBe(403);
});

const proofOf = (key: string) => node.proof('rotate-key', nodeId, registry.clock.now(), key);
