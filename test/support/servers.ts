import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { silent } from '../../apps/standalone/src/parts/log.js';
import { findNatsServer } from '../../apps/standalone/src/parts/nats-binary.js';
import { startNats as startNatsPart } from '../../apps/standalone/src/parts/nats.js';
import { startAtFreeRun } from '../../apps/standalone/src/parts/ports.js';
import { startPostgres as startPostgresPart } from '../../apps/standalone/src/parts/postgres.js';

export interface TestPostgres {
  /** A superuser's URL of the empty database `tombolo`. */
  url: string;
  dir: string;
  /** Process id of the postmaster, for tests that kill it. */
  pid: number;
  stop(): Promise<void>;
}

export interface TestNats {
  /** `nats://127.0.0.1:PORT` */
  url: string;
  port: number;
  dir: string;
  pid: number;
  stop(): Promise<void>;
}

export interface TestNatsOptions {
  /** Without the address; relative paths are inside `dir`. Default: no authentication. */
  configText?: string;
  /** Adds `jetstream { store_dir: jetstream }`. Default: only when there is no `configText`. */
  jetstream?: boolean;
  /** Start again where a stopped one was: the same directory, the same port. Such a directory is yours to remove. */
  dir?: string;
  port?: number;
}

/** A PostgreSQL for one test file: a free port, its own directory, gone after `stop()` and when the test process dies. */
export async function startPostgres(): Promise<TestPostgres> {
  const dir = mkdtempSync(join(tmpdir(), 'tombolo-test-pg-'));
  const server = await startPostgresPart({
    dir,
    passwordFile: join(dir, 'password'),
    logFile: join(dir, 'log'),
    port: 0,
    log: silent,
    // A process that dies loses nothing without it; only a machine would.
    settings: { fsync: 'off' },
  });
  const stop = async () => {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  return { url: server.url, dir, pid: server.pid, stop };
}

/** A NATS server for one test file: a free port, its own directory, gone after `stop()` and when the test process dies. */
export async function startNats(options: TestNatsOptions = {}): Promise<TestNats> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'tombolo-test-nats-'));
  mkdirSync(dir, { recursive: true });
  const jetstream = options.jetstream ?? options.configText === undefined;
  const configText = `${options.configText ?? ''}\n${jetstream ? 'jetstream { store_dir: jetstream }\n' : ''}`;
  const binary = await findNatsServer({ cacheDir: resolve('node_modules', '.cache', 'tombolo'), log: silent });
  const host = '127.0.0.1';
  const start = (port: number) =>
    startNatsPart({ dir, configText, listen: { host, port }, binary, logFile: join(dir, 'log'), log: silent });
  // Not where an outgoing connection could take its port while it is away between two starts.
  const server = await (options.port ? start(options.port) : startAtFreeRun({ host, count: 1, option: 'port' }, start));
  const stop = async () => {
    await server.stop();
    if (!options.dir) rmSync(dir, { recursive: true, force: true });
  };
  return { url: `nats://127.0.0.1:${server.port}`, port: server.port, dir, pid: server.pid, stop };
}
