import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_STREAM } from '#contracts/names.js';
import { MemoryEventStore } from '#event-store/memory/memory-event-store.js';
import { ensureAdminToken } from './admin-token.js';
import { newApiToken, secretHash } from './api-token.js';

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tombolo-admin-'));
  file = join(directory, 'keys', 'admin-token');
});
afterEach(() => rm(directory, { recursive: true }));

const now = new Date('2026-11-20T12:00:00Z');
const hashes = async (store: MemoryEventStore) =>
  (await store.read(SYSTEM_STREAM)).map(({ data }) => (data as { secretHash: string }).secretHash);
const inFile = async () => (await readFile(file, 'utf8')).trim();

test('is made once, readable by its owner alone, and only its hash is in the log', async () => {
  const store = new MemoryEventStore();
  expect(await ensureAdminToken(store, file, now)).toBe('created');
  const token = await inFile();
  expect(token).toMatch(/^tmbt_[A-Za-z0-9_-]{43}$/);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await hashes(store)).toEqual([secretHash(token)]);
  expect(JSON.stringify(await store.read(SYSTEM_STREAM))).not.toContain(token);

  expect(await ensureAdminToken(store, file, now)).toBe('exists');
  expect([await inFile(), await hashes(store)]).toEqual([token, [secretHash(token)]]);
});

test('a crash between file and fact: the next start takes the token of the file', async () => {
  const store = new MemoryEventStore();
  const append = store.append.bind(store);
  store.append = () => Promise.reject(new Error('killed'));
  await expect(ensureAdminToken(store, file, now)).rejects.toThrow('killed');
  const token = await inFile();
  store.append = append;
  expect(await ensureAdminToken(store, file, now)).toBe('created');
  expect([await inFile(), await hashes(store)]).toEqual([token, [secretHash(token)]]);
});

test('many replicas that start at once share one token, in one directory and in several', async () => {
  const store = new MemoryEventStore();
  const files = [file, file, file, join(directory, 'elsewhere', 'admin-token')];
  const outcomes = await Promise.all(files.map((each) => ensureAdminToken(store, each, now)));
  expect(outcomes).toContain('created');
  const known = await hashes(store);
  expect(known).toHaveLength(1);
  const texts = await Promise.all([...new Set(files)].map((each) => readFile(each, 'utf8').catch(() => undefined)));
  const left = texts.filter((text) => text !== undefined);
  expect(left.map((text) => secretHash(text.trim()))).toEqual(known);
});

test('with any token in the log nothing is written', async () => {
  const store = new MemoryEventStore();
  await ensureAdminToken(store, file, now);
  const other = join(directory, 'other');
  expect(await ensureAdminToken(store, other, now)).toBe('exists');
  await expect(stat(other)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a file that holds something else is left alone, and said so', async () => {
  await writeFile(join(directory, 'notes'), 'my notes');
  await expect(ensureAdminToken(new MemoryEventStore(), join(directory, 'notes'), now)).rejects.toThrow(
    'holds no API token',
  );
  expect(await readFile(join(directory, 'notes'), 'utf8')).toBe('my notes');
  await writeFile(join(directory, 'token'), newApiToken());
  expect(await ensureAdminToken(new MemoryEventStore(), join(directory, 'token'), now)).toBe('created');
});
