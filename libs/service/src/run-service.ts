import { SYSTEM_STREAM } from '#contracts/names.js';
import pino, { type Logger } from 'pino';
import type { Registry as Metrics } from 'prom-client';
import { type ServiceEnvironment, serviceEnvironment } from './environment.js';
import { serveHealth } from './health-server.js';
import { readSecrets, type Secrets } from './secrets.js';
import { openServiceParts, type ServiceParts } from './service-parts.js';

export interface RunningService {
  environment: ServiceEnvironment;
  secrets: Secrets;
  parts: ServiceParts;
  logger: Logger;
  /**
   * Serves health and metrics of this process. @returns what ends it
   * @param more checks besides log and broker
   */
  serveHealth(metrics: Metrics, more?: Checks): Promise<() => Promise<void>>;
}

type Checks = Record<string, () => Promise<void>>;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Runs one service as a process of its own: reads the environment, opens log and broker, starts, and on a signal stops in reverse.
 * What cannot work is one sentence on standard error and exit code 1.
 * @param start starts the service; returns what stops it
 */
export async function runService(
  name: string,
  start: (service: RunningService) => Promise<() => Promise<void>>,
): Promise<void> {
  const logger = pino({ name, level: process.env.TOMBOLO_LOG ?? 'info' }, pino.destination({ dest: 2, sync: false }));
  try {
    const environment = serviceEnvironment(process.env);
    const secrets = readSecrets(environment.keysDir);
    const { databaseUrl, natsUrls, ca, streamReplicas } = environment;
    const parts = await openServiceParts({
      name,
      databaseUrl,
      natsUrls,
      ca,
      trust: secrets.trust,
      streamReplicas,
      logger,
    });
    try {
      const serve = async (metrics: Metrics, more: Checks = {}) => {
        const { http, health, tls } = environment;
        const place = health ? { ...health, tls: null } : { ...http, tls };
        const { stop } = await serveHealth({ ...place, metrics, logger, ready: { ...readiness(parts), ...more } });
        return stop;
      };
      const stop = await start({ environment, secrets, parts, logger, serveHealth: serve });
      logger.info({ http: environment.http }, 'ready');
      const signal = await new Promise<string>((resolve) => SIGNALS.forEach((one) => process.once(one, resolve)));
      logger.info({ signal }, 'stopping');
      await stop();
    } finally {
      // Also after a start that failed: what stays open would keep the process alive.
      await parts.close();
    }
  } catch (error) {
    process.stderr.write(`${name}: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
  // A process that watches over us holds a channel, which would keep us alive for it.
  process.channel?.unref();
}

function readiness({ store, connection }: ServiceParts): Checks {
  return {
    log: async () => {
      await store.head(SYSTEM_STREAM);
    },
    broker: () => connection.check(),
  };
}
