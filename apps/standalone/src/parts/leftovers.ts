import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartFailure } from './failure.js';
import { type Log } from './log.js';

export interface LeftoverOptions {
  name: string;
  /** Tells ours from everybody else's by the arguments, for instance one that names our directory. */
  isOurs: (argv: string[]) => boolean;
  signals: NodeJS.Signals[];
  log: Log;
  /** How long each signal has to work. */
  patienceMs?: number;
}

/** Processes whose arguments `isOurs` accepts. Zombies have no arguments, so they do not count. */
export function processesLike(isOurs: (argv: string[]) => boolean): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => pid !== process.pid && isOurs(argumentsOf(pid)));
}

/**
 * Ends what an earlier run on the same directory left running (it was killed, and its servers are still on their way
 * out). Two servers on one data directory would destroy it, so this refuses to go on while one is alive.
 */
export async function stopLeftovers({ name, isOurs, signals, log, patienceMs = 15_000 }: LeftoverOptions) {
  for (const signal of signals) {
    const pids = processesLike(isOurs);
    if (pids.length === 0) return;
    log.warn({ name, pids, signal }, 'stopping what an earlier run left behind');
    for (const pid of pids) kill(pid, signal);
    const deadline = Date.now() + patienceMs;
    while (pids.some(isEnding) && Date.now() < deadline) await sleep(20);
  }
  const pids = processesLike(isOurs);
  if (pids.length > 0)
    throw new StartFailure(
      `An earlier ${name} still runs on this directory and does not stop: end process ${pids.join(', ')} and try again.`,
    );
}

function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

/**
 * Whether any of its threads is there and no zombie yet. A process that ends loses its arguments before it lets go of its
 * files, and the address that it listens at is one of those; the last of its threads does that.
 */
function isEnding(pid: number): boolean {
  return readdirOrNone(`/proc/${pid}/task`).some((thread) => {
    try {
      // "PID (name) STATE ..."; the name may hold anything.
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
      return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
    } catch {
      return false;
    }
  });
}

function readdirOrNone(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function kill(pid: number, signal: NodeJS.Signals) {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone by itself, or not ours to signal: the wait above tells which.
  }
}
