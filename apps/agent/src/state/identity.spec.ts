import { createUserKey } from '#messaging/nkeys.js';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KEYS } from '#wireguard/testing/fixtures.js';
import { type Identity, readIdentity, requireIdentity, writeIdentity } from './identity.js';
import { isInterfaceName } from './interface-name.js';
import { readLogin, writeLogin } from './login.js';
import { StateDir } from './state-dir.js';

const home = mkdtempSync(join(tmpdir(), 'tombolo-identity-'));
const dir = new StateDir(home);
afterEach(() => rmSync(dir.file('identity'), { force: true }));
afterAll(() => rmSync(home, { recursive: true }));

const identity: Identity = {
  nodeId: '01930a0b-0000-7000-8000-000000000001',
  network: 'prod',
  name: 'a',
  server: 'https://10.0.0.1:8080',
  ca: null,
  controllerKey: KEYS.b,
  publicKey: KEYS.own,
  controlPrivateKey: KEYS.c,
  natsSeed: createUserKey().seed,
  interfaceName: 'tmb0',
  listenPort: 51820,
  backend: 'auto',
};

test('what is written is read, and only by us', async () => {
  await writeIdentity(dir, identity);
  expect(await readIdentity(dir)).toEqual(identity);
  expect(statSync(dir.file('identity')).mode & 0o777).toBe(0o600);
});

test('nothing joined: what to do is said', async () => {
  expect(await readIdentity(dir)).toBeUndefined();
  await expect(requireIdentity(dir)).rejects.toMatchObject({
    exit: 'notFound',
    message: expect.stringContaining('up --token'),
  });
});

test.each([
  ['cut', (text: string) => text.slice(0, 90)],
  ['an id that is none', (text: string) => text.replace(identity.nodeId, '*')],
  ['a port of 0', (text: string) => text.replace('51820', '0')],
  ['an interface with a slash', (text: string) => text.replace('"tmb0"', '"../x"')],
])('damaged (%s): said, with a way out and without a secret', async (_, damage) => {
  await writeIdentity(dir, identity);
  writeFileSync(dir.file('identity'), damage(readFileSync(dir.file('identity'), 'utf8')));
  const error = await readIdentity(dir).catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ exit: 'failed', message: expect.stringContaining('join again') });
  expect(String(error)).not.toContain(identity.controlPrivateKey);
});

test('a damaged login is no login: another can be had', async () => {
  const login = { urls: ['tls://10.0.0.1:4222'], jwt: 'a.b.c', expiresAt: '2030-01-01T00:00:00Z' };
  await writeLogin(dir, login);
  expect(await readLogin(dir)).toEqual(login);
  writeFileSync(dir.file('login'), '{');
  expect(await readLogin(dir)).toBeUndefined();
});

test.each([
  ['tmb0', true],
  ['wg-prod.1', true],
  ['a'.repeat(15), true],
  ['a'.repeat(16), false],
  ['lo', false],
  ['0abc', false],
  ['-x', false],
  ['a b', false],
  ['a/b', false],
  ['', false],
])('interface name %j: %s', (name, good) => {
  expect(isInterfaceName(name)).toBe(good);
});
