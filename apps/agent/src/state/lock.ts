import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { AgentFailure } from '../failure.js';
import type { StateDir } from './state-dir.js';

/**
 * One process per state directory. The lock belongs to the open file, which flock(1) inherits and we keep: it ends with
 * this process, however that ends, and no child of ours takes it along.
 */
export class StateLock {
  private constructor(private readonly descriptor: number) {}

  /** @returns undefined when another process has it */
  static tryTake(dir: StateDir): StateLock | undefined {
    const descriptor = openSync(dir.file('lock'), 'a+', 0o600);
    const { status, error } = spawnSync('flock', ['--nonblock', '3'], {
      stdio: ['ignore', 'ignore', 'ignore', descriptor],
    });
    if (status === 0) {
      ftruncateSync(descriptor);
      writeSync(descriptor, `${process.pid}\n`);
      return new StateLock(descriptor);
    }
    closeSync(descriptor);
    if (error) throw new AgentFailure('failed', `cannot lock ${dir.path}: ${error.message}; install util-linux`);
    return undefined;
  }

  static take(dir: StateDir): StateLock {
    const lock = StateLock.tryTake(dir);
    if (lock) return lock;
    throw new AgentFailure('failed', `an agent runs with ${dir.path} already (process ${holderOf(dir) ?? 'unknown'})`);
  }

  /** Asks the agent that has it to stop, and takes it. @throws AgentFailure when it does not stop */
  static async takeOver(dir: StateDir, patienceMs: number): Promise<StateLock> {
    const end = performance.now() + patienceMs;
    let asked: number | undefined;
    for (;;) {
      const lock = StateLock.tryTake(dir);
      if (lock) return lock;
      const holder = holderOf(dir);
      if (holder !== undefined && holder !== asked) {
        stop(holder);
        asked = holder;
      }
      if (performance.now() > end)
        throw new AgentFailure('failed', `the agent with ${dir.path} does not stop (process ${holder ?? 'unknown'})`);
      await delay(20);
    }
  }

  release(): void {
    closeSync(this.descriptor);
  }
}

/** Only to be believed while somebody has the lock. */
function holderOf(dir: StateDir): number | undefined {
  const pid = Number(readFileSync(dir.file('lock'), 'utf8'));
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

function stop(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
