import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type ControlPlane, startControlPlane } from '../support/control-plane.js';
import { type Cli, cliOf, program } from './tombolo.js';

let plane: ControlPlane;
let token: string;
let keyFile: string;
beforeAll(async () => {
  plane = await startControlPlane();
  tombolo('network', 'create', 'prod');
  token = tombolo('key', 'create', '--network', 'prod', '--ephemeral', '--ttl', '15m', '--uses', '20').out;
  keyFile = join(plane.dir, 'key');
  writeFileSync(keyFile, `${token}\n`);
}, 150_000);
afterAll(() => plane?.remove(), 60_000);

const tombolo: Cli['tombolo'] = (...words) => cliOf(plane).tombolo(...words);
const script = (...words: string[]) => tombolo('burst', 'script', '--network', 'prod', ...words);

test('the key comes from a file, from standard input or as it is; the document is the same', () => {
  const { code, out, err } = script('--key', `@${keyFile}`);
  expect([code, err]).toEqual([0, '']);
  const { write_files: files } = parse(out) as { write_files: { path: string; content: string }[] };
  expect(files.find(({ path }) => path === '/etc/tombolo/burst.env')?.content).toBe(
    `TOMBOLO_ENROLMENT_TOKEN='${token}'\n`,
  );
  expect(script('--key', token).out).toBe(out);
  const words = [program, 'burst', 'script', '--network', 'prod', '--key', '-'];
  const { stdout } = spawnSync(process.execPath, words, {
    env: cliOf(plane).environment,
    input: `${token}\n`,
    encoding: 'utf8',
  });
  expect(stdout.trim()).toBe(out);
});

test('with k3s, its token comes from a file', () => {
  const file = join(plane.dir, 'k3s-token');
  writeFileSync(file, 'K10abc::server:def\n');
  const k3s = ['--k3s', 'https://10.90.0.1:6443', '--k3s-token-file', file];
  const { out } = script('--key', `@${keyFile}`, ...k3s);
  expect(out).toContain("TOMBOLO_K3S_URL='https://10.90.0.1:6443'");
  expect(out).toContain('K10abc::server:def');
});

test('a key whose nodes stay for ever is pointed out', () => {
  const lasting = tombolo('key', 'create', '--network', 'prod').out;
  expect(script('--key', lasting)).toMatchObject({ code: 0, err: expect.stringContaining('not ephemeral') });
});

test('what machines could not join with is refused now', () => {
  tombolo('network', 'create', 'other');
  const foreign = tombolo('key', 'create', '--network', 'other', '--ephemeral').out;
  expect(script('--key', foreign).code).toBe(4);
  const [{ keyId }] = cliOf(plane).json<[{ keyId: string }]>('key', 'list', '--network', 'other');
  tombolo('key', 'revoke', keyId, '--network', 'other');
  expect(tombolo('burst', 'script', '--network', 'other', '--key', foreign)).toMatchObject({
    code: 3,
    err: expect.stringContaining('revoked'),
  });
});

test('a token that was cut is a mistake, and no part of it is shown', () => {
  const { code, out, err } = script('--key', token.slice(0, -30));
  expect([code, out]).toEqual([2, '']);
  expect(err).not.toContain(token.slice(4, 20));
});

test.each([
  [['--key', '@/nowhere/key'], 2],
  [['--source', 'http://example.org/tombolo.tgz'], 2],
  [['--k3s', 'http://10.90.0.1:6443'], 2],
  [['--k3s-version', 'v1.31.4+k3s1'], 2],
])('%j ends with %d', (words, code) => {
  const key = words[0] === '--key' ? [] : ['--key', `@${keyFile}`];
  expect(script(...key, ...words).code).toBe(code);
});
