import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Registry as Metrics } from 'prom-client';
import { loadHeads, type NodeHeads, readHeads, saveHeads } from '#messaging/node-heads.js';
import { NodeStreamWriter } from '#messaging/node-stream.js';
import { SharedRun } from '#messaging/shared-run.js';
import type { Secrets } from '#service/secrets.js';
import type { ServiceParts } from '#service/service-parts.js';
import type { TopologyPlannerOptions } from './topology-planner.options.js';

export interface PlannerAdapters {
  parts: Pick<ServiceParts, 'connection' | 'leases' | 'networks' | 'reports' | 'streams'>;
  secrets: Pick<Secrets, 'trust'>;
  logger: Logger;
  metrics: Metrics;
}

/** One checkpoint for all networks: the stream that it shortens the reading of is one, too. */
const CHECKPOINT = 'all';

/** The topology planner over the real log and the real broker. */
export function topologyPlannerOptions({ parts, secrets, logger, metrics }: PlannerAdapters): TopologyPlannerOptions {
  const { connection, leases, networks, reports } = parts;
  const stream = new NodeStreamWriter(connection, secrets.trust.sealing.privateKey);
  const listeners = new Set<(lowestEpochs: ReadonlyMap<string, number>) => void>();
  let known: NodeHeads | undefined;
  let isFirst = false;
  // Networks gained together share one reading. What began before a lease was ours may miss the last words of who had it.
  const heads = new SharedRun(async () => {
    const fromNoted = isFirst || !known;
    isFirst = false;
    const noted = fromNoted ? await loadHeads(connection, CHECKPOINT) : undefined;
    const isNewer = noted && !(noted.generation === known?.generation && noted.sequence <= known.sequence);
    known = await readHeads(connection, isNewer ? noted : known, stream.tail, (lowestEpochs) =>
      listeners.forEach((listener) => listener(lowestEpochs)),
    );
    return known;
  });
  return {
    replica: randomUUID(),
    networks,
    leases,
    stream,
    readHeads: async (asFirst = false) => {
      isFirst ||= asFirst;
      return (await heads.run()).heads;
    },
    onStored: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    checkpoint: async () => {
      await saveHeads(connection, CHECKPOINT, await heads.run());
    },
    onStreamRemade: (listener) => parts.streams.onNodesRemade(listener),
    reports,
    logger,
    metrics,
  };
}
