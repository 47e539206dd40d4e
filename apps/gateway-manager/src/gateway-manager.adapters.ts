import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Registry as Metrics } from 'prom-client';
import { commandSubject } from '#contracts/subjects.js';
import { serveCommand } from '#messaging/command-bus.js';
import type { ServiceParts } from '#service/service-parts.js';
import type { GatewayManagerOptions } from './gateway-manager.options.js';

export interface GatewayManagerAdapters {
  parts: Pick<ServiceParts, 'store' | 'connection' | 'networks' | 'reports'>;
  logger: Logger;
  metrics: Metrics;
}

/** The gateway-manager over the real log and the real broker. */
export function gatewayManagerOptions({ parts, logger, metrics }: GatewayManagerAdapters): GatewayManagerOptions {
  const { store, connection, networks, reports } = parts;
  return {
    replica: randomUUID(),
    store,
    networks,
    reports,
    serveCommand: (command, handle) =>
      serveCommand(connection, commandSubject('gateway-manager', command), handle, logger),
    // The broker answers in order: after its answer, all that it had sent before is here.
    hearAll: () => connection.check(),
    onReconnect: (listener) => connection.onStatus((status) => status === 'connected' && listener()),
    clock: { now: () => new Date(), monotonic: () => performance.now() },
    logger,
    metrics,
  };
}
