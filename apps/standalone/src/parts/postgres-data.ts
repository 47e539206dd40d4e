import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { StartFailure } from './failure.js';
import { keepSecret, syncDir } from './files.js';
import { type Log } from './log.js';
import { type PostgresBinaries } from './postgres-binaries.js';
import { type Unprivileged } from './unprivileged.js';

export const SUPERUSER = 'tombolo';

export interface DataOptions {
  /** Holds `data`; and `data.new` while it is being made. */
  dir: string;
  passwordFile: string;
  binaries: PostgresBinaries;
  user: Unprivileged;
  log: Log;
}

/**
 * Makes `dir/data` ready for a server: creates it at the first start, hands it to the user the server runs as. Nothing
 * of ours may run on it. Returns the superuser's password.
 */
export function initialise(options: DataOptions): string {
  const data = join(options.dir, 'data');
  if (!existsSync(data)) create(options);
  const made = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
  if (made !== options.binaries.major)
    throw new StartFailure(
      `The data in ${data} is PostgreSQL ${made}'s and this is PostgreSQL ${options.binaries.major}: ` +
        'go back to the earlier release, or move the data with pg_dump and pg_restore.',
    );
  if (!existsSync(options.passwordFile))
    throw new StartFailure(
      `The database's password ${options.passwordFile} is gone: restore it from your backup, ${data} cannot be opened without it.`,
    );
  if (statSync(data).uid !== options.user.owner) chownAll(data, options.user.owner);
  // No server runs on this directory, so the file is stale; a server would believe the process id in it, which may by
  // now be a zombie's or somebody else's, and refuse to start.
  rmSync(join(data, 'postmaster.pid'), { force: true });
  return readFileSync(options.passwordFile, 'utf8').trim();
}

/** `initdb` into a directory of another name, renamed when complete: a start that was killed leaves nothing half made. */
function create({ dir, passwordFile, binaries, user, log }: DataOptions) {
  const fresh = join(dir, 'data.new');
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  if (statSync(fresh).uid !== user.owner) chownSync(fresh, user.owner, user.owner);
  keepSecret(passwordFile, () => randomBytes(24).toString('base64url'));
  const [program, ...args] = [
    ...user.prefix,
    ...['setpriv', '--pdeathsig', 'SIGKILL', '--', binaries.initdb, '-D', fresh, '-U', SUPERUSER],
    ...[`--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--data-checksums'],
  ];
  const { status, stderr, error } = spawnSync(program as string, args, { cwd: dir, encoding: 'utf8' });
  if (status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    const words = error?.message ?? stderr.trim().split('\n').slice(-3).join(' | ');
    throw new StartFailure(`PostgreSQL could not make its data directory in ${dir}: ${words}.`);
  }
  renameSync(fresh, join(dir, 'data'));
  syncDir(dir);
  log.info({ dir }, 'PostgreSQL made its data directory');
}

function chownAll(path: string, owner: number) {
  for (const entry of readdirSync(path, { recursive: true, encoding: 'utf8' }))
    lchownSync(join(path, entry), owner, owner);
  // The directory itself last: its owner says that the whole was done.
  chownSync(path, owner, owner);
}
