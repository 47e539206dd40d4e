import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { StartFailure } from './failure.js';
import { type Log } from './log.js';

const run = promisify(execFile);

export interface NatsBinaryOptions {
  /** Where an unpacked package is kept. */
  cacheDir: string;
  log: Log;
  env?: NodeJS.ProcessEnv;
}

/** What our streams need (republish, direct get) was tried from this release on. */
const OLDEST = [2, 9] as const;
const OWN_BROKER = 'or name a broker of your own in TOMBOLO_NATS_URL';

/**
 * The absolute path of a `nats-server`: `$TOMBOLO_NATS_SERVER`, else the one in PATH (Debian's is in /usr/sbin), else Debian's
 * package, downloaded and unpacked into `cacheDir`. The package is never installed: that would start a second broker
 * as a system service on port 4222.
 */
export async function findNatsServer(options: NatsBinaryOptions): Promise<string> {
  // It is started in a directory of its own.
  return resolve(await find(options));
}

async function find({ cacheDir, log, env = process.env }: NatsBinaryOptions): Promise<string> {
  const named = env.TOMBOLO_NATS_SERVER;
  if (named) {
    if (isRecent(named)) return named;
    throw new StartFailure(
      `TOMBOLO_NATS_SERVER names ${named}, which is no nats-server ${OLDEST.join('.')} or newer that runs here: give the path of one.`,
    );
  }
  const path = [...(env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'].filter(Boolean);
  const found = path.map((dir) => join(dir, 'nats-server')).find(isRecent);
  if (found) return found;
  const cached = join(cacheDir, 'nats-server');
  if (isRecent(cached)) return cached;
  await unpackDebianPackage(cacheDir, log);
  if (isRecent(cached)) return cached;
  throw new StartFailure(
    `This release's nats-server package is too old or does not run: set TOMBOLO_NATS_SERVER to a nats-server ${OLDEST.join('.')} or newer, ${OWN_BROKER}.`,
  );
}

/** Runs, and is new enough; it says `nats-server: v2.9.10`. */
function isRecent(file: string): boolean {
  const { stdout } = spawnSync(file, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const [, major, minor] = /v(\d+)\.(\d+)\./.exec(stdout ?? '') ?? [];
  return Number(major) > OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) >= OLDEST[1]);
}

async function unpackDebianPackage(cacheDir: string, log: Log) {
  log.info({ cacheDir }, 'fetching nats-server from Debian');
  mkdirSync(cacheDir, { recursive: true });
  const temporary = mkdtempSync(join(cacheDir, 'unpack-'));
  // apt fetches as its own user _apt, who must be able to write here; where it cannot it warns and fetches as root.
  chmodSync(temporary, 0o755);
  try {
    await download(temporary, log);
    const deb = readdirSync(temporary).find((name) => name.endsWith('.deb'));
    if (!deb) throw new Error('apt-get download left no package');
    await run('dpkg', ['-x', join(temporary, deb), temporary]);
    const binary = ['usr/sbin', 'usr/bin'].map((dir) => join(temporary, dir, 'nats-server')).find(existsSync);
    if (!binary) throw new Error(`${deb} holds no nats-server`);
    renameSync(binary, join(cacheDir, 'nats-server'));
  } catch (error) {
    const words = ((error as { stderr?: string }).stderr || (error as Error).message).trim().split('\n').at(-1);
    throw new StartFailure(
      `Cannot fetch nats-server from Debian (${words}): type "apt-get update" as root and try again, put a nats-server ` +
        `into PATH or TOMBOLO_NATS_SERVER, ${OWN_BROKER}.`,
      1,
      { cause: error },
    );
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function download(dir: string, log: Log) {
  const fetchPackage = () => run('apt-get', ['download', '-qq', 'nats-server'], { cwd: dir });
  try {
    await fetchPackage();
  } catch (error) {
    // No lists, or lists so old that the package they name is gone.
    if (process.geteuid?.() !== 0) throw error;
    log.info({}, 'refreshing the lists of packages');
    await run('apt-get', ['update', '-qq']);
    await fetchPackage();
  }
}
