import pino, { type Logger } from 'pino';
import { type ServiceEnvironment, serviceEnvironment } from './environment.js';
import { readSecrets, type Secrets } from './secrets.js';
import { openServiceParts, type ServiceParts } from './service-parts.js';

export interface RunningService {
  environment: ServiceEnvironment;
  secrets: Secrets;
  parts: ServiceParts;
  logger: Logger;
}

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
      const stop = await start({ environment, secrets, parts, logger });
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
}
