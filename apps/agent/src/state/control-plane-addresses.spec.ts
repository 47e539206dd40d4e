import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlPlaneAddresses } from './control-plane-addresses.js';
import { writeLogin } from './login.js';
import { StateDir } from './state-dir.js';

let dir: StateDir;

beforeEach(async () => {
  dir = new StateDir(await mkdtemp(join(tmpdir(), 'tombolo-state-')));
});
afterEach(() => rm(dir.path, { recursive: true }));

const login = (...urls: string[]) => writeLogin(dir, { urls, jwt: 'a.b.c', expiresAt: '2026-12-01T00:00:00.000Z' });

test('server and brokers, each once, without what is on this machine; kept on disk', async () => {
  await login('tls://192.0.2.7:4222', 'tls://[2001:db8::7]:4222', 'tls://127.0.0.1:4222', 'tls://localhost:4222');
  const addresses = await ControlPlaneAddresses.load(dir, { server: 'https://192.0.2.7:8080' });
  expect(addresses.prefixes).toEqual([]);
  expect(await addresses.refresh()).toBe(true);
  expect(addresses.prefixes).toEqual(['192.0.2.7/32', '2001:db8::7/128']);
  expect(await addresses.refresh()).toBe(false);
  const again = await ControlPlaneAddresses.load(dir, { server: 'https://192.0.2.7:8080' });
  expect(again.prefixes).toEqual(addresses.prefixes);
});

test('a name that nobody knows now keeps what it had; a host that is no longer one of them goes', async () => {
  const server = 'https://control.invalid:8080';
  await writeFile(dir.file('controlPlane'), '{"control.invalid":["192.0.2.8"],"old.invalid":["192.0.2.9"]}');
  const addresses = await ControlPlaneAddresses.load(dir, { server });
  expect(addresses.prefixes).toEqual(['192.0.2.8/32', '192.0.2.9/32']);
  await addresses.refresh();
  expect(addresses.prefixes).toEqual(['192.0.2.8/32']);
});

test('a damaged file is as none', async () => {
  await writeFile(dir.file('controlPlane'), 'nonsense');
  expect((await ControlPlaneAddresses.load(dir, { server: 'https://192.0.2.7' })).prefixes).toEqual([]);
});
