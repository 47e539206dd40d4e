import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import nacl from 'tweetnacl';
import { type ControlPlane, startControlPlane } from '../support/control-plane.js';
import { type InterruptedHttp, interruptedHttp } from '../support/interrupted-http.js';
import type { SimulatedNode } from '../support/simulated-node.js';
import { type Cli, cliOf, joinNodes, program } from './tombolo.js';

let plane: ControlPlane;
let nodes: SimulatedNode[];
let way: InterruptedHttp;
let tombolo: Cli['tombolo'];
let json: Cli['json'];
let dir: string;
beforeAll(async () => {
  plane = await startControlPlane();
  ({ tombolo, json } = cliOf(plane));
  way = await interruptedHttp(plane.http);
  tombolo('network', 'create', 'office', '--cidr', '10.90.0.0/24', '--cidr6', 'fd12:3456:789a::/64');
  nodes = await joinNodes(plane, 'office', ['a', 'b']);
  tombolo('node', 'set', 'office/a', '--endpoint', '[2001:db8::7]:51820');
  tombolo('gateway', 'create', 'office/in', '--kind', 'ingress', '--node', 'a');
}, 150_000);
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tombolo-client-'));
  way.loseAnswersTo(() => false);
});
afterEach(() => rmSync(dir, { recursive: true }));
afterAll(async () => {
  await way.close();
  await Promise.all(nodes.map((node) => node.close()));
  await plane.remove();
}, 60_000);

interface Client {
  name: string;
  publicKey: string;
  addresses: string[];
}
const names = () => json<Client[]>('client', 'list', 'office').map(({ name }) => name);
const privateKeyOf = (config: string) => /^PrivateKey = (\S+)$/m.exec(config)?.[1] ?? '';
const publicKeyOf = (privateKey: string) =>
  Buffer.from(nacl.box.keyPair.fromSecretKey(Buffer.from(privateKey, 'base64')).publicKey).toString('base64');

/** Asynchronous: the answers of this process's own server have to get through. */
function onTheWay(...words: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [program, ...words, '--server', way.url, '--token', plane.token]);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
}

test('a configuration on standard output is whole, its key is the one that the server knows half of', () => {
  const { code, out, err } = tombolo('client', 'create', 'office/laptop', '--gateway', 'in');
  expect(code).toBe(0);
  expect(err).toContain('private key');
  const { publicKey, addresses } = json<Client>('client', 'show', 'office/laptop');
  expect(publicKeyOf(privateKeyOf(out))).toBe(publicKey);
  for (const line of [
    `Address = ${addresses[0]}/32, ${addresses[1]}/128`,
    'AllowedIPs = 10.90.0.0/24, fd12:3456:789a::/64',
    'Endpoint = [2001:db8::7]:51820',
    'PersistentKeepalive = 25',
  ])
    expect(out.split('\n')).toContain(line);
});

test('a file is written for its owner alone, and never over another without being told', () => {
  const file = join(dir, 'phone.conf');
  const create = (...more: string[]) =>
    tombolo('client', 'create', 'office/phone', '--gateway', 'in', '--allowed', '10.90.0.1/32', '--out', file, ...more);
  writeFileSync(file, 'mine', { mode: 0o644 });
  expect(create()).toMatchObject({ code: 2, err: expect.stringContaining('--yes') as string });
  expect(readFileSync(file, 'utf8')).toBe('mine');
  expect(names()).not.toContain('phone');
  expect(create('--yes')).toMatchObject({ code: 0, err: '' });
  expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
  expect(existsSync(`${file}.part`)).toBe(false);
  expect(readFileSync(file, 'utf8')).toContain('AllowedIPs = 10.90.0.1/32\n');

  const again = create('--yes');
  expect(again).toMatchObject({ code: 3, err: expect.stringContaining('name_taken') as string });
  expect(privateKeyOf(readFileSync(file, 'utf8'))).not.toBe('');
  expect(existsSync(`${file}.part`)).toBe(false);
});

test('the configuration is made again from the key in the old one, for the same client only', () => {
  const file = join(dir, 'watch.conf');
  tombolo('client', 'create', 'office/watch', '--gateway', 'in', '--out', file);
  const config = (...more: string[]) => tombolo('client', 'config', 'office/watch', ...more);
  expect(`${config('--private-key-file', file).out}\n`).toBe(readFileSync(file, 'utf8'));
  expect(config('--private-key-file', file, '--out', file, '--yes')).toMatchObject({ code: 0 });
  expect(config().out).toMatch(/^PrivateKey = *$/m);
  expect(config('--qr')).toMatchObject({ code: 2 });
  writeFileSync(file, Buffer.from(nacl.randomBytes(32)).toString('base64'));
  expect(config('--private-key-file', file)).toMatchObject({ code: 3, out: '' });
});

test('a client that sends everything through the mesh is told where its names go', () => {
  tombolo('gateway', 'create', 'office/out', '--kind', 'internet', '--node', 'b', '--user-client', 'laptop');
  const { out, err } = tombolo('client', 'config', 'office/laptop');
  expect(out.split('\n')).toContain('AllowedIPs = 0.0.0.0/0, ::/0');
  expect(err).toContain('names are still asked');
});

test('with a key pair made elsewhere nothing private is made here', () => {
  const key = Buffer.from(nacl.box.keyPair().publicKey).toString('base64');
  const { code, out, err } = tombolo('client', 'create', 'office/router', '--gateway', 'in', '--public-key', key);
  expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining('fill in PrivateKey') as string });
  expect(out).toMatch(/^PrivateKey = *$/m);
  expect(json<Client>('client', 'show', 'office/router').publicKey).toBe(key);
});

test('a QR code is drawn and the key is nowhere else', () => {
  const { code, out } = tombolo('client', 'create', 'office/tablet', '--gateway', 'in', '--qr');
  expect(code).toBe(0);
  expect(out).toContain('▀');
  expect(out).not.toContain('PrivateKey');
});

test.each([
  [['client', 'create', 'office/x'], 2, '--gateway'],
  [['client', 'create', 'office/x', '--gateway', 'in', '--public-key', 'short'], 2, 'wg pubkey'],
  [['client', 'create', 'office/x', '--gateway', 'in', '--qr', '-o', 'json'], 2, '--qr'],
  [['client', 'create', 'office/x', '--gateway', 'zoe'], 4, 'zoe'],
  [['client', 'create', 'office/x', '--gateway', 'in', '--allowed', '10.0.0.1/8'], 3, '10.0.0.1/8'],
  [['client', 'create', 'office/x', '--gateway', 'in', '--out', '/nowhere/x.conf'], 1, '/nowhere'],
  [['client', 'create', 'office/x', '--gateway', 'in', '--out', '/tmp', '--yes'], 2, 'folder'],
  [['client', 'create', 'office/a', '--gateway', 'in'], 3, 'name_taken'],
  [['client', 'delete', 'office/phone'], 2, '--yes'],
])('tombolo %j exits with %d, says why and leaves nothing', (words, code, why) => {
  const before = names();
  const result = tombolo(...words);
  expect(result.err).toContain(why);
  expect(result).toMatchObject({ code, out: '' });
  expect(names()).toEqual(before);
});

test('where the gateway cannot be called the client is taken back', () => {
  tombolo('gateway', 'create', 'office/deaf', '--kind', 'ingress', '--node', 'b');
  const file = join(dir, 'x.conf');
  const { code, err } = tombolo('client', 'create', 'office/x', '--gateway', 'deaf', '--out', file);
  expect({ code, err }).toEqual({ code: 3, err: expect.stringMatching(/no_endpoint.*taken back/) as string });
  expect(names()).not.toContain('x');
  expect([existsSync(file), existsSync(`${file}.part`)]).toEqual([false, false]);
});

test('an answer that is lost costs nothing: the command is repeated and goes on with its key', async () => {
  const file = join(dir, 'far.conf');
  const create = () => onTheWay('client', 'create', 'office/far', '--gateway', 'in', '--out', file);
  way.loseAnswersTo((method, path) => method === 'POST' && path.endsWith('/clients'));
  expect(await create()).toMatchObject({ code: 5, err: expect.stringContaining(`${file}.part`) as string });
  expect(names()).toContain('far');
  expect(existsSync(file)).toBe(false);

  way.loseAnswersTo((_method, path) => path.endsWith('/config'));
  expect(await create()).toMatchObject({ code: 5, err: expect.stringContaining(`${file}.part`) as string });

  way.loseAnswersTo(() => false);
  const { publicKey } = json<Client>('client', 'show', 'office/far');
  expect(await create()).toMatchObject({ code: 0 });
  expect(json<Client>('client', 'show', 'office/far').publicKey).toBe(publicKey);
  expect(publicKeyOf(privateKeyOf(readFileSync(file, 'utf8')))).toBe(publicKey);
  expect(existsSync(`${file}.part`)).toBe(false);
});

test('a client that was deleted before its command was repeated is made anew', async () => {
  const file = join(dir, 'gone.conf');
  const create = () => onTheWay('client', 'create', 'office/gone', '--gateway', 'in', '--out', file);
  way.loseAnswersTo((method, path) => method === 'POST' && path.endsWith('/clients'));
  await create();
  tombolo('client', 'delete', 'office/gone', '--yes');
  way.loseAnswersTo(() => false);
  expect(await create()).toMatchObject({ code: 0 });
  const { publicKey } = json<Client>('client', 'show', 'office/gone');
  expect(publicKeyOf(privateKeyOf(readFileSync(file, 'utf8')))).toBe(publicKey);
});

test('without a file the key is printed when its client may have been made', async () => {
  way.loseAnswersTo((method, path) => method === 'POST' && path.endsWith('/clients'));
  const { code, out, err } = await onTheWay('client', 'create', 'office/near', '--gateway', 'in');
  expect({ code, err }).toEqual({ code: 5, err: expect.stringContaining('not known') as string });
  expect(publicKeyOf(privateKeyOf(out))).toBe(json<Client>('client', 'show', 'office/near').publicKey);
});
