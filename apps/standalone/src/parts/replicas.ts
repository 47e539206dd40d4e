import { join } from 'node:path';
import type { ReadyService } from './data-dir.js';
import { keepRunning, type Kept } from './kept.js';
import { stopLeftovers } from './leftovers.js';
import type { Log } from './log.js';
import { freePorts } from './ports.js';
import { type Replica, startReplica } from './replica.js';

export interface ReplicasOptions {
  /** Tells our processes from those of another control plane. */
  mark: string;
  count: number;
  logsDir: string;
  env: Record<string, string | undefined>;
  /** One was started again. */
  onReplaced(): void;
  log: Log;
}

export interface Replicas {
  describe(): ReadyService[];
  stop(): Promise<void>;
}

const SERVICES = ['registry', 'topology-planner', 'gateway-manager', 'relay-planner'] as const;

/** Every service `count` times, each started again when it ends. Resolves when all are ready. */
export async function startReplicas(options: ReplicasOptions): Promise<Replicas> {
  const running: (Omit<ReadyService, 'pid'> & { kept: Kept<Replica> })[] = [];
  const stop = async () => {
    // Ctrl-C at a terminal ends them by itself as well.
    for (const { kept } of running) kept.letGo();
    // Whoever answers requests first: what it asks of the others is answered while it drains.
    for (const name of SERVICES)
      await Promise.all(running.filter((one) => one.name === name).map(({ kept }) => kept.stop()));
  };
  const wanted = SERVICES.flatMap((name) =>
    Array.from({ length: options.count }, (_, i) => ({ name, replica: i + 1 })),
  );
  const ports = await freePorts(wanted.length, '--replicas');
  const starting = wanted.map(async ({ name, replica }, i) => {
    const port = ports[i];
    const health = `http://127.0.0.1:${port}`;
    const logFile = join(options.logsDir, `${name}-${replica}.log`);
    const env = { ...options.env, TOMBOLO_HEALTH: `127.0.0.1:${port}` };
    const { mark, log, onReplaced } = options;
    const kept = await keepRunning<Replica>({
      name: `${name} ${replica}`,
      start: () => startReplica({ service: name, mark, env, health, logFile }),
      onReplaced,
      log,
    });
    running.push({ name, replica, health, kept });
    log.info({ service: name, replica, servicePid: kept.now.pid, health }, 'service is ready');
  });
  const failed = (await Promise.allSettled(starting)).find((one) => one.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  const order = (one: { name: string; replica: number }) =>
    wanted.findIndex(({ name, replica }) => name === one.name && replica === one.replica);
  running.sort((a, b) => order(a) - order(b));
  return {
    describe: () => running.map(({ kept, ...service }) => ({ ...service, pid: kept.now.pid })),
    stop,
  };
}

/** Ends replicas that an earlier run left: one that was paused holds the address that they shared. */
export function stopLeftReplicas(mark: string, log: Log): Promise<void> {
  return stopLeftovers({ name: 'service', isOurs: (argv) => argv.includes(mark), signals: ['SIGKILL'], log });
}
