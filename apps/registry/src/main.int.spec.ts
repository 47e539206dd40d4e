import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startPostgres, type TestPostgres } from '../../../test/support/servers.js';
import { startService, type ServiceSurroundings } from '../../../test/support/service-process.js';
import { startTrustedNats, type TrustedNats } from '../../../test/support/trusted-nats.js';
import { ensureSecrets } from '#service/secrets.js';
import { apiClient } from './testing/api-client.js';

/** The registry as a process of its own, from what was built. */
let postgres: TestPostgres;
let nats: TrustedNats;
let surroundings: ServiceSurroundings;
let keysDir: string;

beforeAll(async () => {
  keysDir = await mkdtemp(join(tmpdir(), 'tombolo-registry-'));
  const { trust } = await ensureSecrets(keysDir, new Date());
  [postgres, nats] = await Promise.all([startPostgres(), startTrustedNats({ trust })]);
  surroundings = { databaseUrl: postgres.url, natsUrl: nats.url, keysDir };
}, 120_000);
afterAll(async () => {
  await Promise.all([postgres.stop(), nats.stop()]);
  await rm(keysDir, { recursive: true, force: true });
}, 60_000);

test('starts from its environment, makes the admin token once, and stops on a signal with its work done', async () => {
  const first = await startService('registry', surroundings);
  const file = join(keysDir, 'admin-token');
  const token = (await readFile(file, 'utf8')).trim();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const created = await apiClient(first.url, token).request('POST', '/api/v1/networks', { body: { name: 'prod' } });
  expect(created.status).toBe(201);
  await first.end('SIGTERM');

  const second = await startService('registry', surroundings);
  expect((await readFile(file, 'utf8')).trim()).toBe(token);
  const shown = await apiClient(second.url, token).request('GET', '/api/v1/networks/prod');
  expect([shown.status, shown.body]).toEqual([200, created.body]);
  await second.end('SIGTERM');
}, 60_000);

/** Starts it and waits for its end. */
async function run(env: Record<string, string>): Promise<{ code: number | null; words: string }> {
  const child = spawn(process.execPath, ['dist/programs/registry.js'], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 25_000,
  });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()));
  const [code] = (await once(child, 'exit')) as [number | null];
  return { code, words };
}

const environment = () => ({
  TOMBOLO_DATABASE_URL: surroundings.databaseUrl,
  TOMBOLO_NATS_URL: surroundings.natsUrl,
  TOMBOLO_KEYS_DIR: keysDir,
});

test.each([
  [
    'nothing is set',
    () => ({}),
    /TOMBOLO_DATABASE_URL is not set.*TOMBOLO_NATS_URL is not set.*TOMBOLO_KEYS_DIR is not set/,
  ],
  [
    'it would speak plain HTTP to the world',
    () => ({ ...environment(), TOMBOLO_HTTP: '0.0.0.0:0' }),
    /TOMBOLO_TLS_CERT/,
  ],
  [
    'its database is on another machine and the way there is not proven',
    () => ({ ...environment(), TOMBOLO_DATABASE_URL: 'postgres://u:hunter2hunter2@192.0.2.1/t?sslmode=require' }),
    /^registry: TOMBOLO_DATABASE_URL leads to 192\.0\.2\.1, another machine, and sslmode=require does not prove(?!.*hunter2)/,
  ],
  ['there are no secrets', () => ({ ...environment(), TOMBOLO_KEYS_DIR: '/nonexistent' }), /cannot read .*nonexistent/],
])(
  'says what to do and ends when %s',
  async (_, env, message) => {
    const { code, words } = await run(env());
    expect([code, words]).toEqual([1, expect.stringMatching(message)]);
    expect(words).not.toContain('    at ');
  },
  30_000,
);

test('says so and ends when its port is taken', async () => {
  const running = await startService('registry', surroundings);
  const { code, words } = await run({ ...environment(), TOMBOLO_HTTP: new URL(running.url).host });
  await running.end('SIGTERM');
  expect([code, words]).toEqual([1, expect.stringContaining('EADDRINUSE')]);
}, 90_000);
