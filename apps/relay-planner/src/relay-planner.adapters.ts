import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Registry as Metrics } from 'prom-client';
import { commandSubject } from '#contracts/subjects.js';
import { serveCommand } from '#messaging/command-bus.js';
import type { ServiceParts } from '#service/service-parts.js';
import type { RelayPlannerOptions } from './relay-planner.options.js';

export interface RelayPlannerAdapters {
  parts: Pick<ServiceParts, 'store' | 'connection' | 'networks' | 'reports'>;
  logger: Logger;
  metrics: Metrics;
}

/** The relay-planner over the real log and the real broker. */
export function relayPlannerOptions({ parts, logger, metrics }: RelayPlannerAdapters): RelayPlannerOptions {
  const { store, connection, networks, reports } = parts;
  return {
    replica: randomUUID(),
    store,
    networks,
    reports,
    serveCommand: (command, handle) =>
      serveCommand(connection, commandSubject('relay-planner', command), handle, logger),
    onReconnect: (listener) => connection.onStatus((status) => status === 'connected' && listener()),
    clock: { now: () => new Date(), monotonic: () => performance.now() },
    logger,
    metrics,
  };
}
