import { spawn, spawnSync } from 'node:child_process';
import { type ControlPlane, startControlPlane } from '../support/control-plane.js';
import { until } from '../support/wait.js';
import { type Cli, cliOf, program } from './tombolo.js';

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
}, 150_000);
afterAll(() => plane.remove(), 60_000);

const tombolo: Cli['tombolo'] = (...words) => cliOf(plane).tombolo(...words);
const json: Cli['json'] = (...words) => cliOf(plane).json(...words);

test('a network, a key and its token; what is asked twice is refused with the rule', () => {
  expect(tombolo('network', 'create', 'office', '--cidr', '10.91.0.0/24', '--mtu', '1380')).toMatchObject({ code: 0 });
  expect(json<{ cidr: string; mtu: number }>('network', 'show', 'office')).toMatchObject({
    cidr: '10.91.0.0/24',
    mtu: 1380,
  });
  expect(tombolo('network', 'set', 'office', '--virtual-pool', '100.96.0.0/12', '--virtual-pool6', 'none').out).toMatch(
    /virtual pool: +100\.96\.0\.0\/12$/m,
  );
  expect(tombolo('network', 'list').out.split('\n')).toHaveLength(2);
  const again = tombolo('network', 'create', 'office');
  expect(again.code).toBe(3);
  expect(again.err).toContain('name_taken');

  const token = tombolo(
    'key',
    'create',
    '--network',
    'office',
    '--uses',
    '2',
    '--expires',
    '1h',
    '--label',
    'role=db',
  ).out;
  expect(token).toMatch(/^tmb_[\w-]+$/);
  const [key] = json<{ keyId: string; uses: number; labels: object }[]>('key', 'list', '--network', 'office');
  expect(key).toMatchObject({ uses: 2, labels: { role: 'db' } });
  expect(tombolo('key', 'revoke', key!.keyId, '--network', 'office').code).toBe(0);
  expect(tombolo('key', 'list', '--network', 'office').out).toContain('revoked');
});

test.each([
  [['network', 'show', 'nope'], 4, 'not_found'],
  [['network', 'create', 'Bad_Name'], 3, 'name'],
  [['network', 'create', 'x', '--cidr', '10.0.0.256/24'], 3, '10.0.0.256'],
  [['network', 'create', 'x', '--model', 'moebius'], 2, 'moebius'],
  [['network', 'create'], 2, 'name'],
  [['key', 'create', '--network', 'office', '--expires', 'soon'], 2, '24h'],
  [['node', 'show', 'office'], 2, 'NETWORK/NAME'],
  [['node', 'show', 'office/nobody'], 4, 'nobody'],
  [['nonsense'], 2, 'nonsense'],
  [['network', 'list', '--server', 'http://127.0.0.1:1'], 5, '127.0.0.1:1'],
  [['network', 'list', '--token', 'tmbt_wrong'], 1, 'token'],
  [['network', 'delete', 'office'], 2, '--yes'],
])('tombolo %j exits with %d and says why', (words, code, why) => {
  const result = tombolo(...words);
  expect(result.err).toContain(why);
  expect(result.code).toBe(code);
});

test('status, topology, diff and the log', () => {
  expect(tombolo('status', 'office').out).toContain('0 nodes');
  expect(tombolo('topology', 'office').out).toContain('no nodes');
  expect(tombolo('diff', 'office', '1', '3').out).toContain('EnrolmentKeyCreated');
  expect(tombolo('log', 'verify', 'office').out).toContain('the chain holds');
  expect(tombolo('log', 'verify', 'system').code).toBe(0);
  expect(tombolo('events', 'office').out).toContain('NetworkCreated');
  expect(json<unknown[]>('events', 'office', '--after', '1', '--type', 'EnrolmentKeyCreated')).toHaveLength(1);
});

test('events --follow prints what happens next', async () => {
  const follower = spawn(process.execPath, [program, 'events', 'office', '--follow', '-o', 'json'], {
    env: cliOf(plane).environment,
  });
  let text = '';
  follower.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  try {
    await until('the facts so far', () => text.includes('NetworkCreated'));
    tombolo('network', 'set', 'office', '--mtu', '1400');
    await until('the new fact', () => text.includes('NetworkChanged'));
  } finally {
    follower.kill();
  }
});

test('an API token works until it is revoked, and only as far as its role goes', () => {
  const token = tombolo('token', 'create', 'reader', '--role', 'viewer').out;
  expect(tombolo('network', 'list', '--token', token).code).toBe(0);
  expect(tombolo('network', 'create', 'mine', '--token', token)).toMatchObject({ code: 3 });
  const { tokenId } = json<{ tokenId: string; name: string }[]>('token', 'list').find(({ name }) => name === 'reader')!;
  expect(tombolo('token', 'revoke', tokenId, '--yes').code).toBe(0);
  expect(tombolo('network', 'list', '--token', token).code).toBe(1);
});

test('completion knows commands and options, for three shells', () => {
  expect(tombolo('__complete', '--', 'net').out).toBe('network');
  expect(tombolo('__complete', '--', 'network', 'c').out).toBe('create');
  expect(tombolo('__complete', '--', 'network', 'create', '--ci').out.split('\n')).toEqual(['--cidr', '--cidr6']);
  const bash = spawnSync('bash', ['-n'], { input: tombolo('completion', 'bash').out });
  expect(bash.status).toBe(0);
  expect(tombolo('completion', 'tcsh').code).toBe(2);
});
