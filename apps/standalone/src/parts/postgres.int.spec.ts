import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { gone, isAlive, startByAnotherProcess } from '../../../../test/support/killable.js';
import { silent } from './log.js';
import { postgresBinaries } from './postgres-binaries.js';
import { type Postgres, startPostgres } from './postgres.js';
import { waysOfRoot, worksHere } from './unprivileged.js';

describe('PostgreSQL of our own', () => {
  let dir: string;
  let started: Postgres[];
  const start = async (more: Partial<Parameters<typeof startPostgres>[0]> = {}) => {
    const files = { dir, passwordFile: join(dir, 'password'), logFile: join(dir, 'log') };
    const server = await startPostgres({ ...files, port: 0, log: silent, ...more });
    started.push(server);
    return server;
  };
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'tombolo-test-pg-'));
    started = [];
  });
  afterEach(async () => {
    for (const server of started) await server.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it('is safe by its settings', async () => {
    const { url } = await start();
    const value = async (name: string) => (await query(url, `show ${name}`))[0]?.[name];
    expect(await value('fsync')).toBe('on');
    expect(await value('full_page_writes')).toBe('on');
    expect(await value('synchronous_commit')).toBe('on');
    expect(await value('data_checksums')).toBe('on');
    expect(await value('listen_addresses')).toBe('127.0.0.1');
    expect(await value('unix_socket_directories')).toBe('');
    expect(await value('password_encryption')).toBe('scram-sha-256');
    expect(statSync(join(dir, 'password')).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'data')).mode & 0o777).toBe(0o700);
    const wrong = new URL(url);
    wrong.password = 'guess';
    await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/);
  });

  it('keeps the data over a stop and a start', async () => {
    const first = await start();
    await query(first.url, 'create table t as select 42 as n');
    await first.stop();
    expect(await first.exited).toMatch(/exit code 0/);
    const second = await start();
    expect(await query(second.url, 'select n from t')).toEqual([{ n: 42 }]);
  });

  it('dies with the process that started it, and the next start has every commit', async () => {
    const server = await startByAnotherProcess('postgres', dir);
    await query(server.url, 'create table t as select 42 as n');
    await server.killParent();
    const again = await start();
    expect(await query(again.url, 'select n from t')).toEqual([{ n: 42 }]);
  });

  it('recovers when the server itself is killed, whoever has its process id in the meantime', async () => {
    const first = await start();
    await query(first.url, 'create table t as select 42 as n');
    process.kill(first.pid, 'SIGKILL');
    expect(await first.exited).toMatch(/SIGKILL/);
    // The stale file names a living process that is not PostgreSQL: this one.
    const pidFile = join(dir, 'data', 'postmaster.pid');
    writeFileSync(pidFile, readFileSync(pidFile, 'utf8').replace(/^\d+/, String(process.pid)));
    const second = await start();
    expect(await query(second.url, 'select n from t')).toEqual([{ n: 42 }]);
  });

  it('stops a server of an earlier run before it starts its own', async () => {
    const first = await start();
    await query(first.url, 'create table t as select 42 as n');
    const second = await start();
    expect(await first.exited).toMatch(/exit code 0/);
    expect(isAlive(first.pid)).toBe(false);
    expect(await query(second.url, 'select n from t')).toEqual([{ n: 42 }]);
  });

  it('goes on after a first start that was killed half-way', async () => {
    mkdirSync(join(dir, 'data.new', 'base'), { recursive: true });
    writeFileSync(join(dir, 'data.new', 'PG_VERSION'), '18\n');
    const { url } = await start();
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(readdirSync(dir)).not.toContain('data.new');
  });

  it('names a port that is taken and what to do', async () => {
    const other = createServer();
    const port = await new Promise<number>((resolve) =>
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port)),
    );
    try {
      await expect(start({ port })).rejects.toThrow(/^Port \d+ on 127.0.0.1 is in use: .* --postgres-port/);
    } finally {
      other.close();
    }
  });

  it.each([
    ['is of another release', 'data/PG_VERSION', '12\n', /is PostgreSQL 12's and this is PostgreSQL/],
    ['has lost its password', 'password', null, /password .* is gone: restore it/],
  ])('refuses a directory that %s', async (_what, file, content, sentence) => {
    await (await start()).stop();
    if (content === null) rmSync(join(dir, file));
    else writeFileSync(join(dir, file), content);
    await expect(start()).rejects.toThrow(sentence);
  });

  const ways = waysOfRoot.filter((way) => process.geteuid?.() === 0 && worksHere(way, postgresBinaries().postgres));
  const asRoot = ways.length > 0 ? it : it.skip;

  asRoot('runs for root in a 0700 directory by every way that this machine has, on the same data', async () => {
    await (await start({ user: ways[0] })).stop();
    for (const way of [...ways, ...ways]) {
      const server = await start({ user: way });
      expect(statSync(join(dir, 'data')).uid).toBe(way.owner);
      await query(server.url, 'create table if not exists t (n int); insert into t values (42)');
      process.kill(server.pid, 'SIGKILL');
      await gone(server.pid);
    }
    const last = await start();
    expect(await query(last.url, 'select n from t')).toEqual([...ways, ...ways].map(() => ({ n: 42 })));
  });
});

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    const { rows } = (await client.query(text)) as { rows: Record<string, unknown>[] };
    return rows;
  } finally {
    await client.end();
  }
}
