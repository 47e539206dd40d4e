import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { EnrolmentServer } from '../../../../test/support/enrolment-server.js';
import type { EnrolRequest } from '#contracts/enrolment.js';
import { createTrust } from '#messaging/trust.js';
import { createLog } from '../log.js';
import { readIdentity } from '../state/identity.js';
import { readLogin } from '../state/login.js';
import { StateDir } from '../state/state-dir.js';
import { enrol, type EnrolOptions } from './enrol.js';
import { nameFromHost } from './node-name.js';

const home = mkdtempSync(join(tmpdir(), 'tombolo-enrol-'));
let server: EnrolmentServer;
let dir: StateDir;
let pauses: number[];

beforeAll(async () => {
  const trust = await createTrust(new Date());
  server = await EnrolmentServer.start({ trust, natsUrls: ['nats://127.0.0.1:4222'] });
});
beforeEach(async () => {
  dir = new StateDir(mkdtempSync(join(home, 'state-')));
  server.seen.length = 0;
  server.next.length = 0;
  server.nodes.clear();
  pauses = [];
});
afterAll(async () => {
  await server.stop();
  rmSync(home, { recursive: true });
});

const enter = (changes: Partial<EnrolOptions> = {}) =>
  enrol(
    dir,
    { token: server.token(), interfaceName: 'tmb0', endpoints: [], labels: {}, backend: 'auto', ...changes },
    { log: createLog('silent'), pause: async (ms) => pauses.push(ms) },
  );
const requests = () => server.seen.map((seen) => seen.body as EnrolRequest);
const ids = () => server.seen.map((seen) => seen.headers['idempotency-key']);
const refusal = (status: number, code: string) => ({ status, body: { code, detail: `no: ${code}` } });

test('one request; then all that is needed to run is on disk', async () => {
  const identity = await enter({ name: 'web-1', site: 'home', labels: { a: 'b' }, listenPort: 47_123 });
  expect(identity).toMatchObject({ network: 'prod', name: 'web-1', listenPort: 47_123, ca: null, server: server.url });
  expect(await readIdentity(dir)).toEqual(identity);
  expect(await readLogin(dir)).toMatchObject({ urls: ['nats://127.0.0.1:4222'] });
  expect(readFileSync(dir.file('privateKey'), 'utf8')).toMatch(/^[\w+/]{43}=\n$/);
  expect(existsSync(dir.file('pending'))).toBe(false);
  expect(requests()).toHaveLength(1);
  expect(requests()[0]).toMatchObject({ name: 'web-1', site: 'home', labels: { a: 'b' } });
});

test('the answer was lost: the same request under the same id, the same node', async () => {
  server.next.push('drop', 'drop');
  const { nodeId } = await enter();
  expect(new Set(ids()).size).toBe(1);
  expect(requests()).toHaveLength(3);
  expect([...server.nodes.keys()]).toEqual([nodeId]);
  expect(pauses).toHaveLength(2);
});

test('the agent died before the answer: the next start repeats the request, keys and all', async () => {
  server.next.push('drop', 'drop', 'drop', 'drop');
  await expect(enter()).rejects.toMatchObject({ exit: 'unreachable' });
  expect(await readIdentity(dir)).toBeUndefined();
  const identity = await enter();
  expect(new Set(ids()).size).toBe(1);
  expect(new Set(requests().map((request) => JSON.stringify(request))).size).toBe(1);
  expect(server.nodes.size).toBe(1);
  expect(identity.publicKey).toBe(requests()[0]?.publicKey);
});

test('another wish is another request', async () => {
  server.next.push('drop', 'drop', 'drop', 'drop');
  await expect(enter({ name: 'one' })).rejects.toThrow();
  await enter({ name: 'two' });
  expect(new Set(ids()).size).toBe(2);
  expect(requests().at(-1)).toMatchObject({ name: 'two' });
});

test("this host's name is taken: another one is tried", async () => {
  const name = nameFromHost(hostname());
  await enter({ name });
  dir = new StateDir(mkdtempSync(join(home, 'state-')));
  const identity = await enter();
  expect(identity.name).toMatch(new RegExp(`^${name}-[0-9a-f]{4}$`));
  expect(
    new Set(
      requests()
        .slice(1)
        .map((request) => request.publicKey),
    ).size,
  ).toBe(1);
});

test('a name that was asked for is taken: that is said, and nothing is left behind', async () => {
  await enter({ name: 'db' });
  dir = new StateDir(mkdtempSync(join(home, 'state-')));
  await expect(enter({ name: 'db' })).rejects.toMatchObject({
    exit: 'refused',
    message: expect.stringContaining('(name_taken)'),
  });
  expect(existsSync(dir.file('pending'))).toBe(false);
});

test.each([
  [refusal(409, 'key_exhausted'), 'refused', /no: key_exhausted \(key_exhausted\)/],
  [refusal(401, 'key_unknown'), 'refused', /key_unknown/],
  [{ status: 404, body: 'a proxy' }, 'notFound', /status 404/],
  [
    { status: 422, body: { code: 'invalid', detail: 'no', errors: [{ field: 'name', message: 'is odd' }] } },
    'refused',
    /name is odd/,
  ],
  [{ status: 302, body: {} }, 'refused', /status 302/],
])('%j ends it', async (answer, exit, message) => {
  server.next.push(answer);
  await expect(enter()).rejects.toMatchObject({ exit, message: expect.stringMatching(message) });
  expect(requests()).toHaveLength(1);
});

test('a server that is busy is asked again when it says', async () => {
  server.next.push({ ...refusal(429, 'too_many_requests'), headers: { 'retry-after': '7' } }, refusal(500, 'internal'));
  await enter();
  expect(pauses[0]).toBe(7000);
  expect(new Set(ids()).size).toBe(1);
});

test.each([
  ['no JSON at all', 'x'],
  ['an id that reads every subject', { nodeId: '*' }],
  ['a network with a dot', { network: 'a.b' }],
  ['a key of 31 bytes', { controllerKey: Buffer.alloc(31, 1).toString('base64') }],
  ['no address', { addresses: [] }],
  ['another kind of URL', { nats: { urls: ['http://x'], jwt: 'a.b.c', expiresAt: '2030-01-01T00:00:00Z' } }],
  ['a login in the URL', { nats: { urls: ['nats://u:p@x'], jwt: 'a.b.c', expiresAt: '2030-01-01T00:00:00Z' } }],
  ['no certificate', { ca: 'trust me' }],
])('an answer with %s is not believed', async (_, changes) => {
  await enter();
  const good = [...server.nodes.values()][0]!.answer;
  dir = new StateDir(mkdtempSync(join(home, 'state-')));
  server.next.push({ status: 201, body: typeof changes === 'string' ? changes : { ...good, ...changes } });
  await expect(enter()).rejects.toMatchObject({ exit: 'failed' });
  expect(await readIdentity(dir)).toBeUndefined();
});

test.each([
  [{ token: 'nonsense' }, /enrolment token/],
  [{ server: 'ftp://x' }, /--server/],
  [{ name: 'Has Spaces' }, /--name/],
  [{ endpoints: ['nowhere'] }, /--endpoint/],
])('%j is a mistake, and nobody is asked', async (changes, message) => {
  await expect(enter(changes)).rejects.toMatchObject({ exit: 'usage', message: expect.stringMatching(message) });
  expect(requests()).toEqual([]);
});

test('a port that was asked for and is taken is a failure; the usual one is passed over', async () => {
  const taken = createSocket('udp4').bind(0);
  await once(taken, 'listening');
  const { port } = taken.address();
  await expect(enter({ listenPort: port })).rejects.toMatchObject({
    exit: 'failed',
    message: expect.stringContaining(`${port}`),
  });
  taken.close();
});

test('nobody there', async () => {
  await expect(enter({ server: 'http://127.0.0.1:1' })).rejects.toMatchObject({ exit: 'unreachable' });
});
