import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

interface Leak {
  file: string;
  line: number;
  what: string;
}
const { countSecrets, findLeaks } = (await import('../../scripts/leaks.mjs' as string)) as {
  countSecrets(directory: string): number;
  findLeaks(directory: string): Leak[];
};

/** What `npm test` does at its end with the output of all stages, on leaks that are planted. */
let kept: string;
let work: string;
beforeEach(() => {
  kept = mkdtempSync(join(tmpdir(), 'tombolo-kept-'));
  work = mkdtempSync(join(tmpdir(), 'tombolo-work-'));
});
afterEach(() => [kept, work].forEach((directory) => rmSync(directory, { recursive: true })));

/** A process of a test run, as all of them are started. */
function watched(program: string): void {
  const NODE_OPTIONS = `--import=${pathToFileURL(join(process.cwd(), 'test', 'support', 'keep-output.mjs')).href}`;
  const imports = `import fs from 'node:fs'; import { rename, rm } from 'node:fs/promises'; const dir = ${JSON.stringify(work)};`;
  execFileSync(process.execPath, ['--input-type=module', '-e', imports + program], {
    env: { PATH: process.env.PATH, NODE_OPTIONS, TOMBOLO_KEEP_OUTPUT: kept },
    stdio: 'ignore',
  });
}

const secret = () => randomBytes(32).toString('base64');
/** As our programs keep one. */
const keeping = (text: string, how = 'fs.renameSync') =>
  `fs.writeFileSync(dir + '/x.new', ${JSON.stringify(text)}, { mode: 0o600 }); await ${how}(dir + '/x.new', dir + '/x');`;
const whats = () => findLeaks(kept).map(({ what }) => what);
const MADE = 'a secret that was made in this run';

test('a secret that is kept and then told on standard error is found, in each way of keeping and spelling it', () => {
  const key = secret();
  const bytes = Buffer.from(key, 'base64');
  for (const [how, spelling] of [
    ['fs.renameSync', key],
    ['rename', bytes.toString('hex')],
    ['rename', `key=${bytes.toString('base64url')}&`],
  ] as const) {
    watched(`${keeping(`${key}\n`, how)} process.stderr.write('first\\nhere: ${spelling}\\n');`);
  }
  expect(whats()).toEqual([MADE, MADE, MADE]);
  expect(new Set(findLeaks(kept).map(({ line }) => line))).toEqual(new Set([2]));
});

test('so is one in a log that is removed with its directory, and one of a file that is only removed', () => {
  const [key, password] = [secret(), randomBytes(24).toString('base64url')];
  watched(`${keeping(JSON.stringify({ controlPrivateKey: key }))}
    fs.writeFileSync(dir + '/service.log', 'told ${key}');
    fs.writeFileSync(dir + '/password', '${password}\\n', { mode: 0o600 });
    fs.mkdirSync(dir + '/in'); fs.writeFileSync(dir + '/in/log', 'postgres://u:${password}@db');
    fs.rmSync(dir, { recursive: true }); fs.mkdirSync(dir);`);
  expect(whats()).toEqual([MADE, MADE]);
});

test('what has the form of a secret is found in the output of a stage, whoever made it', () => {
  const token = `tmbt_${randomBytes(32).toString('base64url')}`;
  const seed = `SU${'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.repeat(2).slice(0, 56)}`;
  const enrolment = `tmb_${Buffer.from(JSON.stringify({ s: randomBytes(96).toString('hex') })).toString('base64url')}`;
  const pem = `-----BEGIN PRIVATE KEY-----\n${randomBytes(48).toString('base64')}\n`;
  // Longer than what is read at once.
  writeFileSync(join(kept, '7.logs'), `${'all is well\n'.repeat(1_500_000)}${token}\n`);
  expect(findLeaks(kept)).toEqual([{ file: '7.logs', line: 1_500_001, what: 'an API token' }]);
  rmSync(join(kept, '7.logs'));
  writeFileSync(join(kept, 'stages.output'), `a ${token}\nb ${seed}\nc ${enrolment}\nd ${pem}`);
  expect(findLeaks(kept)).toEqual([
    { file: 'stages.output', line: 1, what: 'an API token' },
    { file: 'stages.output', line: 3, what: 'an enrolment token' },
    { file: 'stages.output', line: 2, what: 'a seed of a broker key' },
    { file: 'stages.output', line: 4, what: 'a private key' },
  ]);
});

test('what is told of public things, and what a command hands out on standard output, is no leak', () => {
  const [key, other] = [secret(), secret()];
  watched(`${keeping(JSON.stringify({ privateKey: key, publicKey: other }))}
    console.log(${JSON.stringify(key)}); console.error('the public one: ${other}', '${key.slice(0, 20)}');
    fs.writeFileSync(dir + '/open', JSON.stringify({ secret: '${other}' })); fs.renameSync(dir + '/open', dir + '/y');`);
  expect(countSecrets(kept)).toBe(1);
  expect(findLeaks(kept)).toEqual([]);
});
