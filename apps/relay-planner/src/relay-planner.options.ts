import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { EventStore } from '#event-store/core/event-store.js';
import type { ReportFeed } from '#messaging/reports.js';
import type { NetworkFollower } from '#service/network-follower.js';

/** Everything the relay-planner needs from outside; made by `main.ts` or by the standalone process. */
export interface RelayPlannerOptions {
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

export const RELAY_PLANNER_OPTIONS = Symbol('relay-planner options');
