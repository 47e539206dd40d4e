import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeNodeKeys, publicHalf } from '../enrol/node-keys.js';
import { readIfThere, writeDurably } from './files.js';
import { type Identity, requireIdentity, writeIdentity } from './identity.js';
import { StateDir } from './state-dir.js';
import { TunnelKeys } from './tunnel-keys.js';

let dir: StateDir;
let identity: Identity;
beforeEach(async () => {
  dir = new StateDir(await mkdtemp(join(tmpdir(), 'tombolo-keys-')));
  const { tunnel, control, nats } = makeNodeKeys();
  identity = {
    nodeId: '01930a0b-0000-7000-8000-000000000001',
    network: 'prod',
    name: 'a',
    server: 'http://127.0.0.1:8080',
    ca: null,
    controllerKey: control.publicKey,
    publicKey: tunnel.publicKey,
    controlPrivateKey: control.privateKey,
    natsSeed: nats.seed,
    interfaceName: 'tmb0',
    listenPort: 51820,
    backend: 'auto',
  };
  await writeDurably(dir.file('privateKey'), `${tunnel.privateKey}\n`);
  await writeIdentity(dir, identity);
});
afterEach(() => rm(dir.path, { recursive: true }));

/** As a process that starts finds it. */
const load = async () => TunnelKeys.load(dir, await requireIdentity(dir));
/** Whether `wg` would read the private half of the key that is in use. */
const fits = async (keys: TunnelKeys) =>
  publicHalf((await readFile(keys.privateKeyFile, 'utf8')).trim()) === keys.publicKey;

test('a crash at any point leaves a key that is in use, and its private half', async () => {
  const next = await (await load()).prepare();
  const prepared = await load();
  expect([prepared.publicKey, prepared.otherKey, await fits(prepared)]).toEqual([identity.publicKey, next, true]);

  await prepared.use(next);
  const using = await load();
  expect([using.publicKey, using.otherKey, await fits(using)]).toEqual([next, identity.publicKey, true]);

  await using.settle();
  const settled = await load();
  expect([settled.publicKey, settled.otherKey, await fits(settled)]).toEqual([next, undefined, true]);
  expect(settled.has(identity.publicKey)).toBe(false);
  expect(await readIfThere(dir.file('nextKey'))).toBeUndefined();
});

test('a change that failed goes back to the key before, which is still there', async () => {
  const keys = await load();
  const next = await keys.prepare();
  await keys.use(next);
  await keys.use(identity.publicKey);
  await keys.settle();
  const after = await load();
  expect([after.publicKey, after.has(next), await fits(after)]).toEqual([identity.publicKey, true, true]);
});

test('a key that waits is offered again, one that was not taken is replaced', async () => {
  const first = await (await load()).prepare();
  const keys = await load();
  expect(await keys.prepare()).toBe(first);
  await keys.discard();
  expect(await keys.prepare()).not.toBe(first);
});

test('the key that waits is closed to others, and a damaged one is as none', async () => {
  await (await load()).prepare();
  expect((await stat(dir.file('nextKey'))).mode & 0o777).toBe(0o600);
  await writeDurably(dir.file('nextKey'), 'half a k');
  const keys = await load();
  expect([keys.publicKey, keys.otherKey]).toEqual([identity.publicKey, undefined]);
});
