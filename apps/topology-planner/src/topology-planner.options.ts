import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { MessageHead } from '#contracts/node-stream.js';
import type { NetworkFollower } from '#service/network-follower.js';
import type { LeasePort } from './leadership/leadership.js';
import type { NodeStream } from './publishing/node-stream.port.js';

/** Everything the topology planner needs from outside; made by `main.ts` or by the standalone process. */
export interface TopologyPlannerOptions {
  /** Unique among the replicas that run. */
  replica: string;
  networks: NetworkFollower;
  leases: LeasePort;
  stream: NodeStream & { close(): void };
  /** The newest message of every node that the stream holds. */
  readHeads(): Promise<ReadonlyMap<string, MessageHead>>;
  reports: { onReport(listener: (report: { nodeId: string; kind: string }) => void): () => void };
  logger: Logger;
  metrics: Registry;
}

export const TOPOLOGY_PLANNER_OPTIONS = Symbol('topology planner options');
