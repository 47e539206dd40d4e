import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lastWords, logLength, openLog, stopChild } from './child.js';
import { StartFailure } from './failure.js';

export interface ReplicaOptions {
  /** Folder of the service among the apps. */
  service: string;
  /** On its command line, so that a later start knows whose it was. */
  mark: string;
  /** As a service reads it (docs/operations.md). */
  env: Record<string, string | undefined>;
  /** Base URL of its own `/readyz`. */
  health: string;
  logFile: string;
}

export interface Replica {
  pid: number;
  exited: Promise<string>;
  stop(): Promise<void>;
}

/** It connects to database and brokers before, and waits up to a minute for a cluster that elects. */
const READY_MS = 180_000;
const LOOK_EVERY_MS = 50;

/**
 * A service as a process of its own that ends with this one. Replicas that listen at the same address share one socket, which
 * this process holds: the kernel gives each connection to whoever takes it, and none is refused while one of them is away.
 * Resolves when it is ready.
 */
export async function startReplica({ service, mark, env, health, logFile }: ReplicaOptions): Promise<Replica> {
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  const logStart = logLength(logFile);
  const output = openLog(logFile);
  cluster.setupPrimary({
    // Programs lie side by side (scripts/bundle.mjs).
    exec: join(dirname(process.argv[1] ?? ''), `${service}.js`),
    args: [mark],
    stdio: ['ignore', output, output, 'ipc'],
  });
  const worker = cluster.fork(env);
  closeSync(output);
  const { exited, running } = endOf(worker, `${service} (its log: ${logFile})`);
  const child = { exited, running, signal: (signal: NodeJS.Signals) => void worker.process.kill(signal) };
  const stop = () =>
    stopChild(child, [
      { signal: 'SIGTERM', ms: 30_000 },
      { signal: 'SIGKILL', ms: 10_000 },
    ]);
  const deadline = performance.now() + READY_MS;
  while (!(await isReady(health))) {
    const late = performance.now() > deadline;
    if (running() && !late) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      continue;
    }
    const reason = running() ? `it was not ready within ${READY_MS / 1000} s` : lastWords(logFile, logStart);
    await stop();
    throw new StartFailure(`${service} did not start: ${reason} (its log: ${logFile}).`);
  }
  return { pid: worker.process.pid ?? 0, exited, stop };
}

function endOf(worker: Worker, name: string): { exited: Promise<string>; running: () => boolean } {
  let ended = false;
  const exited = once(worker, 'exit').then(([code, signal]: (number | string | null)[]) => {
    ended = true;
    return `${name} ended ${signal ? `by ${signal}` : `with exit code ${code}`}`;
  });
  return { exited, running: () => !ended };
}

async function isReady(health: string): Promise<boolean> {
  try {
    return (await fetch(`${health}/readyz`, { signal: AbortSignal.timeout(5_000) })).ok;
  } catch {
    return false;
  }
}
