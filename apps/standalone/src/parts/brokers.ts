import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { natsServerConfig } from '#messaging/server-config.js';
import type { Trust } from '#messaging/trust.js';
import { keepRunning, type Kept } from './kept.js';
import type { Log } from './log.js';
import { type Nats, startNats } from './nats.js';
import type { BrokerCount } from './options.js';
import { type Address, freePorts, startAtFreeRun } from './ports.js';

export interface BrokersOptions {
  trust: Trust;
  /** One directory for all; each broker of several has its own inside. */
  dir: string;
  logsDir: string;
  /** Of the first; the others listen at the ports that follow. With port 0, where that many are free. */
  listen: Address;
  nodes: BrokerCount;
  binary: string;
  tls?: { certFile: string; keyFile: string };
  /** A broker was started again. */
  onReplaced(): void;
  log: Log;
}

export interface RunningBroker {
  name: string;
  listen: Address;
  kept: Kept<Nats>;
}

const LOOPBACK = '127.0.0.1';

/**
 * One broker, or several as a cluster over loopback; each is started again when it ends. What a start with another number left
 * is removed: streams are made again from the log, and half of an old cluster would never elect a leader.
 */
export async function startBrokers(options: BrokersOptions): Promise<RunningBroker[]> {
  const { listen, nodes } = options;
  if (listen.port !== 0) return startAt(listen, options);
  const { host } = listen;
  return startAtFreeRun({ host, count: nodes, option: '--nats' }, (port) => startAt({ host, port }, options));
}

async function startAt(listen: Address, options: BrokersOptions): Promise<RunningBroker[]> {
  const { dir, logsDir, nodes, binary, log, onReplaced } = options;
  const shape = nodes === 1 ? 'jetstream' : `cluster-${nodes}`;
  for (const entry of readdirSync(dir))
    if (/^(jetstream|cluster-\d)$/.test(entry) && entry !== shape) rmSync(join(dir, entry), { recursive: true });
  const clients = Array.from({ length: nodes }, (_, i) => listen.port + i);
  const routes = nodes === 1 ? [] : await freePorts(nodes, '--nats-nodes', clients);
  const starting = Array.from({ length: nodes }, async (_, i): Promise<RunningBroker> => {
    const name = nodes === 1 ? 'tombolo' : `tombolo-${i + 1}`;
    const home = nodes === 1 ? dir : join(dir, shape, name);
    const configText = natsServerConfig({
      trust: options.trust,
      serverName: name,
      storeDir: join(home, 'jetstream'),
      resolverDir: join(home, 'accounts'),
      tls: options.tls,
      ...(nodes > 1 && {
        cluster: {
          name: 'tombolo',
          listen: `${LOOPBACK}:${routes[i]}`,
          routes: routes.filter((port) => port !== routes[i]).map((port) => `${LOOPBACK}:${port}`),
        },
      }),
    });
    const own = { ...listen, port: listen.port + i };
    const logFile = join(logsDir, nodes === 1 ? 'nats.log' : `nats-${i + 1}.log`);
    const kept = await keepRunning<Nats>({
      name: nodes === 1 ? 'NATS' : `NATS ${name}`,
      start: () => startNats({ dir: home, configText, logFile, binary, log, listen: own }),
      onReplaced,
      log,
    });
    return { name, listen: own, kept };
  });
  const settled = await Promise.allSettled(starting);
  const failed = settled.find((one) => one.status === 'rejected');
  const running = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  if (!failed) return running;
  await Promise.all(running.map(({ kept }) => kept.stop()));
  throw failed.reason;
}
