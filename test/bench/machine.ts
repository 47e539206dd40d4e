import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { silent } from '../../apps/standalone/src/parts/log.js';
import { findNatsServer } from '../../apps/standalone/src/parts/nats-binary.js';
import { postgresBinaries } from '../../apps/standalone/src/parts/postgres-binaries.js';

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

export async function describeMachine(): Promise<Machine> {
  const natsServer = await findNatsServer({ cacheDir: join('node_modules', '.cache', 'tombolo'), log: silent });
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    coresOfMachine: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version.slice(1),
    postgres: versionOf(postgresBinaries().postgres),
    nats: versionOf(natsServer),
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

const versionOf = (program: string) =>
  /\d+(\.\d+)+/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))?.[0] ?? 'unknown';
