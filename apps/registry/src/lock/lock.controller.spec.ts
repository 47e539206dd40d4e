import { parseEnrolmentToken } from '#contracts/enrolment-token.js';
import { lockHash, type MemberRecord } from '#contracts/membership-lock.js';
import { signMember } from '#contracts/sign-membership.js';
import { lockBy, operator } from '../../../../test/support/operator.js';
import { startRegistry, type TestRegistry } from '../testing/registry.fixture.js';

const ann = operator(1);
let registry: TestRegistry;
let networkId: string;
let nodeId: string;
beforeEach(async () => {
  registry = await startRegistry();
  const network = { name: 'prod', cidr: '10.90.0.0/16', cidr6: null };
  ({ networkId } = (await registry.request('POST', '/api/v1/networks', { body: network })).body);
  ({ nodeId } = await registry.enrol('prod', 'a'));
  await registry.enrol('prod', 'b');
});
afterEach(() => registry.close());

const path = '/api/v1/networks/prod/lock';
const get = async (more = '') => (await registry.request('GET', `${path}${more}`)).body;
const post = (what: string, body: object, headers: Record<string, string> = {}) =>
  registry.request('POST', `${path}/${what}`, { body, headers });
const lockOn = () => post('entries', { entry: lockBy(ann, networkId) });
/** What an operator's machine makes of what it is shown. */
const signed = ({ memberId, publicKey, addresses, mayCarry }: Omit<MemberRecord, 'networkId'>) => ({
  memberId,
  publicKey,
  ...signMember({ networkId, memberId, publicKey, addresses, mayCarry }, ann),
});

test('before there is a lock nobody waits', async () => {
  expect(await get()).toEqual({
    networkId,
    on: false,
    fingerprint: null,
    serial: 0,
    ranges: ['10.90.0.0/16'],
    keys: [],
    revoked: [],
    chain: [],
    members: 2,
    waiting: 0,
  });
});

test('signed on an operator machine, recorded, shown', async () => {
  const genesis = lockBy(ann, networkId);
  const on = await lockOn();
  expect([on.status, on.body]).toEqual([201, { ...(await get()) }]);
  expect(on.body).toMatchObject({ on: true, fingerprint: lockHash(genesis), chain: [genesis], waiting: 2 });
  const { items } = await get('/members?waiting=true');
  expect(items).toMatchObject([
    {
      kind: 'node',
      memberId: nodeId,
      name: 'a',
      addresses: ['10.90.0.1'],
      signed: false,
      signedBy: null,
      waitsFor: 'never signed',
    },
    { name: 'b' },
  ]);
  const answer = await post('signatures', { signatures: items.map(signed) });
  expect([answer.status, answer.body]).toEqual([201, { recorded: 2, gone: [] }]);
  expect(await get('/members?waiting=true')).toEqual({ items: [], nextCursor: null });
  expect((await get('/members')).items).toMatchObject([{ signed: true, signedBy: ann.publicKey }, { signed: true }]);
  await registry.enrol('prod', 'c');
  expect((await get('/members?waiting=true')).items).toMatchObject([{ name: 'c' }]);
});

test('the status of a network shows who waits, and what agents leave out', async () => {
  await lockOn();
  const refused = [{ resource: 'peer/x', message: 'no operator has signed it' }];
  const body = { epoch: 1, revision: 1, digest: '0'.repeat(32), tookMs: 1, refused };
  registry.reports.tell({ nodeId, kind: 'applied', body });
  const { nodes } = (await registry.request('GET', '/api/v1/networks/prod/status')).body;
  expect(nodes).toMatchObject([
    { name: 'a', signed: false, refused },
    { name: 'b', signed: false, refused: [] },
  ]);
});

test('a token that is made under a lock pins it', async () => {
  const tokenOf = async () =>
    parseEnrolmentToken(
      (await registry.request('POST', '/api/v1/networks/prod/enrollment-keys', { body: {} })).body.token,
    );
  expect(await tokenOf()).not.toHaveProperty('lock');
  await lockOn();
  expect((await tokenOf()).lock).toBe(lockHash(lockBy(ann, networkId)));
});

test.each<[string, string, object, string]>([
  ['what is no entry', 'entries', { entry: { serial: 'x' } }, 'entry.networkId'],
  ['an unknown field', 'entries', { entry: { ...lockBy(ann, 'x'), secretKey: 'x' } }, 'entry.secretKey'],
  ['what is no list', 'signatures', { signatures: 'x' }, 'signatures'],
  ['what is no signature', 'signatures', { signatures: [{ memberId: 'x' }] }, 'signatures[0].publicKey'],
])('%s is refused, naming the field', async (_, what, body, field) => {
  const answer = await post(what, body);
  expect([answer.status, answer.body.errors.map((error: { field: string }) => error.field)]).toEqual([
    422,
    expect.arrayContaining([field]),
  ]);
});

test('viewers look, and change nothing', async () => {
  const headers = { authorization: `Bearer ${await registry.tokenOf('viewer')}` };
  expect((await registry.request('GET', path, { headers })).status).toBe(200);
  expect((await post('entries', { entry: lockBy(ann, networkId) }, headers)).status).toBe(403);
  expect((await post('signatures', { signatures: [] }, headers)).status).toBe(403);
});
