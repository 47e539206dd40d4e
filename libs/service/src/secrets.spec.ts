import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureSecrets, readSecrets } from './secrets.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tombolo-secrets-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('secrets are made once, readable by the owner alone, and then always the same', async () => {
  const keys = join(dir, 'keys');
  const made = await ensureSecrets(keys, new Date());
  expect(made.masterKey).toHaveLength(32);
  expect(await ensureSecrets(keys, new Date())).toEqual(made);
  expect(readSecrets(keys)).toEqual(made);
  for (const file of readdirSync(keys)) expect(statSync(join(keys, file)).mode & 0o777).toBe(0o600);
});

test('a file that is missing, cut or of another format is named, and its content is not', async () => {
  expect(() => readSecrets(dir)).toThrow(`cannot read ${join(dir, 'trust.json')}: ENOENT`);
  await ensureSecrets(dir, new Date());
  writeFileSync(join(dir, 'master.key'), 'c2hvcnQ=');
  expect(() => readSecrets(dir)).toThrow('master.key holds 5 bytes instead of 32');
  writeFileSync(join(dir, 'trust.json'), '{"format":1,"seed":"SUAVERYSECRET"');
  expect(() => readSecrets(dir)).toThrow(/trust\.json/);
  expect(() => readSecrets(dir)).not.toThrow(/SUAVERYSECRET/);
  writeFileSync(join(dir, 'trust.json'), '{"format":2}');
  expect(() => readSecrets(dir)).toThrow('reads format 1');
});
