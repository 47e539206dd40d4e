import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

/** Where, when and with what a result was measured. */
export interface Machine {
  cpu: string;
  /** That the measured processes and the generator share. */
  cores: number;
  /** Of the machine. */
  coresOfMachine: number;
  memoryGb: number;
  kernel: string;
  node: string;
  postgres: string;
  nats: string;
  /** With `-dirty` when `apps` or `libs` differed from it. */
  commit: string;
  /** ISO 8601 UTC */
  measuredAt: string;
  /** Of the machine, over the minute before: what else ran. */
  loadBefore: number;
}

export function describeMachine<Versions extends Partial<Pick<Machine, 'postgres' | 'nats'>>>(
  versions: Versions,
): Omit<Machine, 'postgres' | 'nats'> & Versions {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    coresOfMachine: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version.slice(1),
    ...versions,
    commit: git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', 'apps', 'libs') && '-dirty'),
    measuredAt: new Date().toISOString(),
    loadBefore: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}
