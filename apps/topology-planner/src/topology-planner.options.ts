import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { ReportFeed } from '#messaging/reports.js';
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
  stream: NodeStream & {
    /** Agrees on keys with nodes ahead of their first message. */
    prepare(nodes: Iterable<{ nodeId: string; controlKey: string }>, pause: () => Promise<void>): Promise<void>;
    close(): void;
  };
  /**
   * The newest message of every node that the stream holds, read after the call.
   * @param isFirst this replica published nothing of late: from what another has noted by now, whatever was stored before that
   */
  readHeads(isFirst?: boolean): Promise<ReadonlyMap<string, FoundHead>>;
  /** What others stored since the heads were read last (`NetworkPublisher.noteStored`). @returns what ends it */
  onStored(listener: (lowestEpochs: ReadonlyMap<string, number>) => void): () => void;
  /** Notes them, so that the next reader begins where this one ended. */
  checkpoint(): Promise<void>;
  /** The stream was lost and made again: it holds nothing. @returns what ends it */
  onStreamRemade(listener: () => void): () => void;
  reports: Pick<ReportFeed, 'onReport'>;
  logger: Logger;
  metrics: Registry;
}

export const TOPOLOGY_PLANNER_OPTIONS = Symbol('topology planner options');
