import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { forgetKey, interruptedKey, keepKey, partOf, writeConfig } from './config-file.js';
import { newKeyPair } from './key-pair.js';

const { privateKey } = newKeyPair();
let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tombolo-config-'));
  file = join(dir, 'phone.conf');
});
afterEach(() => rmSync(dir, { recursive: true }));

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

test('a key that was kept is found again by the same client, and by nobody else', () => {
  expect(interruptedKey(file, 'office/phone')).toBeUndefined();
  keepKey(file, 'office/phone', privateKey);
  expect(modeOf(partOf(file))).toBe('600');
  expect(interruptedKey(file, 'office/phone')).toBe(privateKey);
  expect(() => interruptedKey(file, 'office/phone-2')).toThrow('is not for office/phone-2');
  expect(() => keepKey(file, 'office/phone', privateKey)).toThrow('EEXIST');
  forgetKey(file);
  expect(interruptedKey(file, 'office/phone')).toBeUndefined();
});

test('the configuration takes the place of what was there, with its rights, and ends the part', () => {
  writeFileSync(file, 'old', { mode: 0o644 });
  keepKey(file, 'office/phone', privateKey);
  writeConfig(file, 'new');
  expect(readFileSync(file, 'utf8')).toBe('new');
  expect(modeOf(file)).toBe('600');
  expect(existsSync(partOf(file))).toBe(false);
});

test('where nothing can be written the reason is told and the key stays', () => {
  expect(() => keepKey(join(dir, 'none', 'phone.conf'), 'office/phone', privateKey)).toThrow('ENOENT');
  keepKey(dir, 'office/phone', privateKey);
  expect(() => writeConfig(dir, 'new')).toThrow(`private key is in ${dir}.part`);
  expect(interruptedKey(dir, 'office/phone')).toBe(privateKey);
  expect(existsSync(`${dir}.new`)).toBe(false);
  forgetKey(dir);
});
