import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateDir } from './state-dir.js';

const home = mkdtempSync(join(tmpdir(), 'tombolo-dir-'));
afterAll(() => rmSync(home, { recursive: true }));
const fresh = () => join(mkdtempSync(join(home, 'x-')), 'state');
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

test('it is made closed to others', async () => {
  const path = fresh();
  await new StateDir(path).prepare();
  expect(modeOf(path)).toBe('700');
});

test('an empty one, and one of ours, is closed', async () => {
  const path = fresh();
  mkdirSync(path);
  chmodSync(path, 0o755);
  writeFileSync(join(path, 'identity.json'), '{}');
  await new StateDir(path).prepare();
  expect(modeOf(path)).toBe('700');
});

test("somebody else's directory is left as it is", async () => {
  const path = fresh();
  mkdirSync(path);
  chmodSync(path, 0o755);
  writeFileSync(join(path, 'photo.jpg'), '');
  await expect(new StateDir(path).prepare()).rejects.toThrow('photo.jpg');
  expect(modeOf(path)).toBe('755');
});

test('a file is no directory', async () => {
  const path = fresh();
  writeFileSync(path, '');
  await expect(new StateDir(path).prepare()).rejects.toMatchObject({ exit: 'failed' });
});

test('cleared: what is ours is gone, what is not stays', async () => {
  const path = fresh();
  const dir = new StateDir(path);
  await dir.prepare();
  for (const name of ['identity.json', 'state.json', 'state.json.new', 'device.json', 'wireguard-go.log'])
    writeFileSync(join(path, name), '');
  writeFileSync(join(path, 'note'), '');
  await dir.clear();
  expect(readdirSync(path)).toEqual(['note']);
  rmSync(join(path, 'note'));
  await dir.clear();
  expect(existsSync(path)).toBe(false);
});
