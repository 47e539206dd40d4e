import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { NetworkFollower } from '#service/network-follower.js';
import type { LeasePort } from './leadership/leadership.js';
import type { FoundHead } from './publishing/network-publisher.js';
import type { NodeStream } from './publishing/node-stream.port.js';

/** Everything the topology planner needs from outside; made by `main.ts` or by the standalone process. */
export interface TopologyPlannerOptions {
  /** Unique among the replicas that run. */
  replica: string;
  /** Started by whoever made it. */
  networks: NetworkFollower;
  leases: LeasePort;
  stream: NodeStream & { close(): void };
  /** The newest message of every node that the stream holds. */
  readHeads(): Promise<ReadonlyMap<string, FoundHead>>;
  /** Notes them, so that the next reader begins where this one ended. */
  checkpoint(): Promise<void>;
  reports: { onReport(listener: (report: { nodeId: string; kind: string }) => void): () => void };
  logger: Logger;
  metrics: Registry;
}

export const TOPOLOGY_PLANNER_OPTIONS = Symbol('topology planner options');
