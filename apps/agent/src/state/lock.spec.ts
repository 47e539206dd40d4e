import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateLock } from './lock.js';
import { StateDir } from './state-dir.js';

const home = mkdtempSync(join(tmpdir(), 'tombolo-lock-'));
const dir = new StateDir(home);
afterAll(() => rmSync(home, { recursive: true }));

/** Another process that holds the lock as an agent does, and ends at SIGTERM. */
async function otherAgent() {
  const script = 'echo $$ > "$0"; echo ready; exec tail -f /dev/null';
  const child = spawn('flock', ['--no-fork', dir.file('lock'), 'sh', '-c', script, dir.file('lock')]);
  await once(child.stdout, 'data');
  return child;
}

test('one at a time; the one who has it is named', () => {
  const lock = StateLock.take(dir);
  expect(StateLock.tryTake(dir)).toBeUndefined();
  expect(() => StateLock.take(dir)).toThrow(`process ${process.pid}`);
  lock.release();
  StateLock.take(dir).release();
});

test('a lock ends with its process, however that ends', async () => {
  const other = await otherAgent();
  expect(StateLock.tryTake(dir)).toBeUndefined();
  other.kill('SIGKILL');
  await once(other, 'exit');
  StateLock.take(dir).release();
});

test('children do not take the lock along', async () => {
  const lock = StateLock.take(dir);
  const child = spawn('tail', ['-f', '/dev/null']);
  await once(child, 'spawn');
  lock.release();
  StateLock.take(dir).release();
  child.kill();
});

test('taken over: the other is asked to stop, and does', async () => {
  const other = await otherAgent();
  const ended = once(other, 'exit');
  const lock = await StateLock.takeOver(dir, 10_000);
  expect(await ended).toEqual([null, 'SIGTERM']);
  expect(Number(readFileSync(dir.file('lock'), 'utf8'))).toBe(process.pid);
  lock.release();
});
