import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statfsSync,
  writeSync,
  ftruncateSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { fileFailure, StartFailure } from './failure.js';
import { writeFileAtomic } from './files.js';

/** Everything a control plane keeps, under one directory (0700 where we made it; secrets always 0600 in `keys`). */
export interface DataDir {
  path: string;
  /** Secrets: passwords, seeds, private keys, the admin token. Each file 0600. */
  keys: string;
  postgres: string;
  nats: string;
  logs: string;
  /** What can be fetched again. */
  cache: string;
  /** Path of a secret. */
  key(name: string): string;
  /** Tells the world, in `ready.json`, where we answer; `pid` is added. */
  announce(ready: Ready): void;
  /** Removes `ready.json` and lets another process in. */
  release(): void;
}

/** `DIR/ready.json`: there as long as the control plane is ready. */
export interface Ready {
  /** Base URL of the HTTP API. */
  http: string;
  nats: string;
  adminTokenFile: string;
  /** PEM of the authority to trust; absent without TLS and with a certificate of a public authority. */
  caFile?: string;
  /** Our own brokers, the one in `nats` first. */
  brokers?: { name: string; url: string; pid: number }[];
  /** Our own PostgreSQL. */
  database?: { host: string; port: number; pid: number };
  /** Processes that services run in, where they are more than one. */
  services?: ReadyService[];
}

export interface ReadyService {
  /** `registry`, … */
  name: string;
  /** 1, 2, … of that name. */
  replica: number;
  pid: number;
  /** Base URL of `/healthz`, `/readyz` and `/metrics` of this process alone. */
  health: string;
}

/** A first start writes about 60 MB; a full disk later stops PostgreSQL, so begin with some room. */
const ROOM_BYTES = 256 * 1024 * 1024;

/**
 * Opens DIR for this process alone, making it at the first start. The lock is the kernel's and falls with the process,
 * so a kill -9 leaves none behind. Throws a sentence when another process has it, or there is no room or right.
 */
export function openDataDir(wanted: string): DataDir {
  const path = makeRoot(resolve(wanted));
  const unlock = lock(path);
  try {
    const dirs = {
      keys: sub(path, 'keys'),
      postgres: sub(path, 'postgres'),
      nats: sub(path, 'nats'),
      logs: sub(path, 'logs'),
      cache: sub(path, 'cache'),
    };
    const readyFile = join(path, 'ready.json');
    rmSync(readyFile, { force: true });
    requireRoom(path);
    return {
      path,
      ...dirs,
      key: (name) => join(dirs.keys, name),
      announce: (ready) =>
        writeFileAtomic(readyFile, `${JSON.stringify({ ...ready, pid: process.pid }, null, 2)}\n`, 0o644),
      release: () => {
        rmSync(readyFile, { force: true });
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw fileFailure(error, path);
  }
}

function makeRoot(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const entries = readdirSync(path);
    if (entries.length > 0 && !entries.includes('lock'))
      throw new StartFailure(`${path} holds other things: give --data a new or an empty directory.`);
    return realpathSync(path);
  } catch (error) {
    throw fileFailure(error, path);
  }
}

/**
 * Takes the lock with flock(1): the lock sits on the open file, which stays open here after flock has ended.
 * Node opens with O_CLOEXEC, so no child carries it on.
 */
function lock(path: string): () => void {
  const file = join(path, 'lock');
  let handle: number;
  try {
    handle = openSync(file, 'a+', 0o600);
  } catch (error) {
    throw fileFailure(error, path);
  }
  const { status, error } = spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', handle] });
  if (status === 0) {
    ftruncateSync(handle);
    writeSync(handle, `${process.pid}\n`);
    return () => closeSync(handle);
  }
  closeSync(handle);
  if (status !== 1)
    throw new StartFailure(
      `Cannot lock ${file} (${error?.message ?? `flock ended with ${status}`}): put --data on a local disk.`,
    );
  const owner = readFileSync(file, 'utf8').trim();
  throw new StartFailure(
    `Tombolo already runs on ${path} (process ${owner || 'unknown'}): use that one, stop it first, or give another directory with --data.`,
  );
}

function sub(path: string, name: string): string {
  const dir = join(path, name);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
  return dir;
}

function requireRoom(path: string) {
  const { bavail, bsize } = statfsSync(path);
  const free = bavail * bsize;
  if (free < ROOM_BYTES)
    throw new StartFailure(
      `Only ${Math.floor(free / 1024 / 1024)} MB are free for ${path}, and ${ROOM_BYTES / 1024 / 1024} MB are needed: make room, or choose another directory with --data DIR.`,
    );
}
