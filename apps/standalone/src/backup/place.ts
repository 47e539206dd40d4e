import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { databaseUrl } from '#service/database-url.js';
import { openDataDir } from '../parts/data-dir.js';
import { StartFailure } from '../parts/failure.js';
import { processesLike } from '../parts/leftovers.js';
import type { Log } from '../parts/log.js';
import { postgresUrl, startPostgres } from '../parts/postgres.js';

/** A control plane, as far as what it keeps goes. */
export type Place =
  | { kind: 'embedded'; data: string }
  /** With a database of its own; `keys` is the directory that all services share. */
  | { kind: 'external'; url: string; keys: string };

/** `--data DIR`, or TOMBOLO_DATABASE_URL with TOMBOLO_KEYS_DIR (default: `keys` in DIR). @throws StartFailure */
export function placeOf(data: string | undefined, env: NodeJS.ProcessEnv): Place {
  const dir = resolve(data ?? env.TOMBOLO_DATA ?? '.tombolo');
  if (!env.TOMBOLO_DATABASE_URL) return { kind: 'embedded', data: dir };
  return {
    kind: 'external',
    url: externalUrl(env),
    keys: env.TOMBOLO_KEYS_DIR ? resolve(env.TOMBOLO_KEYS_DIR) : join(dir, 'keys'),
  };
}

function externalUrl(env: NodeJS.ProcessEnv): string {
  try {
    return databaseUrl(env);
  } catch (error) {
    throw new StartFailure(`${(error as Error).message}.`, 2, { cause: error });
  }
}

export interface OpenPlace {
  url: string;
  keys: string;
  close(): Promise<void>;
}

/**
 * Reaches the log of a control plane whether it runs or not: its own PostgreSQL is started for the time where it does not.
 * @throws StartFailure
 */
export async function openPlace(place: Place, log: Log): Promise<OpenPlace> {
  if (place.kind === 'external') return { url: place.url, keys: place.keys, close: async () => undefined };
  const { data } = place;
  const postgresData = join(data, 'postgres', 'data');
  if (!existsSync(postgresData))
    throw new StartFailure(
      `There is no control plane in ${data}: give its directory with --data, or its database in TOMBOLO_DATABASE_URL.`,
    );
  const keys = join(data, 'keys');
  const served = realpathSync(postgresData);
  if (processesLike((argv) => argv.includes(served)).length > 0) {
    // The fourth line is the port (PostgreSQL's pidfile.h).
    const port = Number(readFileSync(join(postgresData, 'postmaster.pid'), 'utf8').split('\n')[3]);
    const password = readFileSync(join(keys, 'postgres-password'), 'utf8').trim();
    return { url: postgresUrl(port, password), keys, close: async () => undefined };
  }
  return startPlace(data, log);
}

/** Starts PostgreSQL alone in a data directory that nobody uses; a new one is made. */
export async function startPlace(data: string, log: Log): Promise<OpenPlace> {
  const dir = openDataDir(data);
  try {
    const postgres = await startPostgres({
      dir: dir.postgres,
      passwordFile: dir.key('postgres-password'),
      logFile: join(dir.logs, 'postgres.log'),
      port: 0,
      log,
    });
    const close = async () => {
      await postgres.stop();
      dir.release();
    };
    return { url: postgres.url, keys: dir.keys, close };
  } catch (error) {
    dir.release();
    throw error;
  }
}
