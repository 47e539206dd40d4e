import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { commandSubject, type CommandService } from '#contracts/subjects.js';
import type { EventStore } from '#event-store/core/event-store.js';
import { serveCommand } from '#messaging/command-bus.js';
import type { ReportFeed } from '#messaging/reports.js';
import type { NetworkFollower } from './network-follower.js';
import type { ServiceParts } from './service-parts.js';

/** What a service that owns some kinds of facts needs from outside; made by its `main.ts` or by the standalone process. */
export interface FactOwnerOptions {
  /** Unique among the replicas that run. */
  replica: string;
  store: EventStore;
  /** Started by whoever made it. */
  networks: Pick<NetworkFollower, 'states' | 'onChange'>;
  reports: Pick<ReportFeed, 'onReport'>;
  /** Answers requests for one command; any one replica gets each. Returns a function that ends it. */
  serveCommand(command: string, handle: (request: unknown) => Promise<unknown>): () => Promise<void>;
  /** Called after each time the broker was away. Returns a function that ends it. */
  onReconnect(listener: () => void): () => void;
  clock: {
    now(): Date;
    /** Milliseconds that only grow, whatever the wall clock does. */
    monotonic(): number;
  };
  logger: Logger;
  metrics: Registry;
}

export interface FactOwnerAdapters {
  parts: Pick<ServiceParts, 'store' | 'connection' | 'networks' | 'reports'>;
  logger: Logger;
  metrics: Registry;
}

/** A service over the real log and the real broker. */
export function factOwnerOptions(
  service: CommandService,
  { parts, logger, metrics }: FactOwnerAdapters,
): Omit<FactOwnerOptions, 'networks'> & Pick<ServiceParts, 'networks'> {
  const { store, connection, networks, reports } = parts;
  return {
    replica: randomUUID(),
    store,
    networks,
    reports,
    serveCommand: (command, handle) => serveCommand(connection, commandSubject(service, command), handle, logger),
    onReconnect: (listener) => connection.onStatus((status) => status === 'connected' && listener()),
    clock: { now: () => new Date(), monotonic: () => performance.now() },
    logger,
    metrics,
  };
}

/** What a replica follows, and how far: network id → version. */
export function describeReplica<Service extends CommandService>(
  service: Service,
  { replica, networks }: Pick<FactOwnerOptions, 'replica' | 'networks'>,
): { service: Service; replica: string; networks: Record<string, number> } {
  const versions = [...networks.states].map(([network, { version }]) => [network, version] as const);
  return { service, replica, networks: Object.fromEntries(versions) };
}
