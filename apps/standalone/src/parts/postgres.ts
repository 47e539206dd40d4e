import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Child, lastWords, logLength, startChild, stopChild } from './child.js';
import { StartFailure } from './failure.js';
import { stopLeftovers } from './leftovers.js';
import { type Log } from './log.js';
import { claimPort } from './ports.js';
import { postgresBinaries } from './postgres-binaries.js';
import { initialise, SUPERUSER } from './postgres-data.js';
import { unprivileged, type Unprivileged } from './unprivileged.js';

export interface PostgresOptions {
  /** PostgreSQL's own directory; made at the first start. */
  dir: string;
  /** The superuser's password, 0600; made at the first start. */
  passwordFile: string;
  logFile: string;
  /** 0: a free one. */
  port: number;
  log: Log;
  /** More of postgresql.conf. `fsync` is for tests alone: what was acknowledged must be on disk. */
  settings?: Record<string, string>;
  /** Default: the first way that works on this machine. */
  user?: Unprivileged;
}

export interface Postgres {
  /** With the password: never log it. */
  url: string;
  port: number;
  pid: number;
  exited: Promise<string>;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const DATABASE = 'tombolo';
/** Recovery after a crash reads about `max_wal_size` (1 GB) of log at most; past this something else is wrong. */
const READY_MS = 300_000;

/**
 * A PostgreSQL of our own on loopback: data checksums, fsync, password (SCRAM), no unix socket. Runs as an ordinary
 * user and as root, in any directory, and goes on after a kill -9 of anything.
 */
export async function startPostgres({ log, ...options }: PostgresOptions): Promise<Postgres> {
  const binaries = postgresBinaries();
  const user = options.user ?? unprivileged(binaries.postgres);
  mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  const dir = realpathSync(options.dir);
  const mark = `tombolo-${createHash('sha256').update(dir).digest('hex').slice(0, 12)}`;
  await stopLeftovers({ name: 'PostgreSQL', isOurs: carrying(mark), signals: ['SIGINT', 'SIGQUIT', 'SIGKILL'], log });
  const password = initialise({ dir, passwordFile: options.passwordFile, binaries, user, log });

  const data = join(dir, 'data');
  for (let attempt = 1; ; attempt++) {
    const port = await claimPort({ host: HOST, port: options.port }, '--postgres-port');
    const logStart = logLength(options.logFile);
    const child = await startChild({
      name: 'PostgreSQL',
      prefix: user.prefix,
      command: [
        binaries.postgres,
        '-D',
        join(dir, 'data'),
        ...settings({ ...options.settings, port, cluster_name: mark }),
      ],
      cwd: dir,
      deathSignal: 'SIGINT',
      logFile: options.logFile,
    });
    try {
      await ready(child, data, { host: HOST, port, user: SUPERUSER, password }, log);
    } catch (error) {
      const died = !child.running();
      await stop(child);
      const words = lastWords(options.logFile, logStart);
      if (options.port === 0 && attempt < 3 && /could not create any TCP\/IP sockets/.test(words)) continue;
      const reason = died ? words : (error as Error).message;
      throw new StartFailure(`PostgreSQL did not start: ${reason} (its log: ${options.logFile}).`, 1, { cause: error });
    }
    log.info({ port, serverPid: child.pid }, 'PostgreSQL is ready');
    const url = postgresUrl(port, password);
    return { url, port, pid: child.pid, exited: child.exited, stop: () => stop(child) };
  }
}

/** Where our own PostgreSQL answers. With the password: never log it. */
export const postgresUrl = (port: number, password: string) =>
  `postgres://${SUPERUSER}:${password}@${HOST}:${port}/${DATABASE}`;

function settings(own: Record<string, string | number>): string[] {
  const all = {
    listen_addresses: HOST,
    unix_socket_directories: '',
    // A transaction left open by a dead replica would hold back vacuum and block appends.
    idle_in_transaction_session_timeout: '10s',
    log_checkpoints: 'off',
    ...own,
  };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** Every process of the cluster carries its name: the first as an argument, the others in their title. */
function carrying(mark: string) {
  return (argv: string[]) => argv.includes(`cluster_name=${mark}`) || !!argv[0]?.startsWith(`postgres: ${mark}: `);
}

/** Fast shutdown waits for nobody but writes a checkpoint; immediate (SIGQUIT) leaves the work to the next start. */
function stop(child: Child) {
  return stopChild(child, [
    { signal: 'SIGINT', ms: 60_000 },
    { signal: 'SIGQUIT', ms: 10_000 },
    { signal: 'SIGKILL', ms: 10_000 },
  ]);
}

/**
 * Waits until the server says that it is ready, in its own status file: an answer on the port might be somebody
 * else's. Then makes our database if it is not there.
 */
async function ready(child: Child, data: string, connection: pg.ClientConfig, log: Log) {
  const started = Date.now();
  const slow = setTimeout(() => log.warn({}, 'PostgreSQL recovers after a crash, this can take minutes'), 5_000);
  try {
    while (!saysReady(data, child.pid)) {
      if (!child.running()) throw new Error('it ended');
      if (Date.now() - started > READY_MS) throw new Error(`it was not ready within ${READY_MS / 1000} s`);
      await sleep(20);
    }
  } finally {
    clearTimeout(slow);
  }
  await ensureDatabase(connection);
}

/** `postmaster.pid`: the process id on the first line, `ready` on the eighth (PostgreSQL's pidfile.h). */
function saysReady(data: string, pid: number): boolean {
  try {
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
    return lines[0] === String(pid) && lines[7]?.trim() === 'ready';
  } catch {
    return false; // not written yet
  }
}

async function ensureDatabase(connection: pg.ClientConfig) {
  const client = new pg.Client({ ...connection, database: 'postgres', connectionTimeoutMillis: 5_000 });
  // The next query tells.
  client.on('error', () => {});
  try {
    await client.connect();
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end().catch(() => {});
  }
}
