import type { Logger } from 'pino';
import { connectService, type ServiceConnection } from '#messaging/connection.js';
import { followFacts } from '#messaging/fact-feed.js';
import { JetStreamFactPublisher } from '#messaging/fact-publisher.js';
import { ReportFeed } from '#messaging/reports.js';
import { StreamKeeper } from '#messaging/stream-keeper.js';
import { ensureStreams } from '#messaging/streams.js';
import type { Trust } from '#messaging/trust.js';
import { openLog } from '#event-store/postgres/data-source.js';
import { Leases } from '#event-store/postgres/leases.js';
import { Outbox } from '#event-store/postgres/outbox.js';
import { PostgresEventStore } from '#event-store/postgres/postgres-event-store.js';
import { FollowedNodes } from './known-nodes.js';
import { NetworkFollower } from './network-follower.js';

export interface ServicePartsOptions {
  /** Shown by the database and the broker, and the name under which unreadable messages are parked. */
  name: string;
  databaseUrl: string;
  natsUrls: string[];
  /** PEM of the broker's authority; null: the system's roots, or no TLS. */
  ca: string | null;
  trust: Pick<Trust, 'serviceCredentials' | 'sealing'>;
  streamReplicas: number;
  logger: Logger;
}

/** The log, the broker, and what every service does with both. */
export interface ServiceParts {
  store: PostgresEventStore;
  leases: Leases;
  outbox: Outbox;
  connection: ServiceConnection;
  streams: StreamKeeper;
  /** What agents tell. */
  reports: ReportFeed;
  /** All networks, followed. */
  networks: NetworkFollower;
  /** In the order that loses nothing: no new facts, then what is pending goes out, then the connections. */
  close(): Promise<void>;
}

const SWEEP_ANSWERS_EVERY_MS = 3_600_000;

/** @throws Unavailable, naming the part that does not answer; then nothing is left open */
export async function openServiceParts(options: ServicePartsOptions): Promise<ServiceParts> {
  const opened: (() => Promise<void>)[] = [];
  const close = async () => {
    for (let end = opened.pop(); end; end = opened.pop()) await end();
  };
  try {
    return { ...(await openInOrder(options, (end) => opened.push(end))), close };
  } catch (error) {
    // What stays open would keep the process alive, and nobody would start it again.
    await close().catch(() => undefined);
    throw error;
  }
}

/** @param onClose called with what ends each thing that was opened, in the order of opening */
async function openInOrder(
  options: ServicePartsOptions,
  onClose: (end: () => Promise<void>) => void,
): Promise<Omit<ServiceParts, 'close'>> {
  const { name, databaseUrl, natsUrls, ca, trust, streamReplicas, logger } = options;
  const sealingKey = trust.sealing.privateKey;
  const dataSource = await openLog({ url: databaseUrl, applicationName: `tombolo-${name}` });
  onClose(() => dataSource.destroy());
  const store = new PostgresEventStore(dataSource);
  const connection = await connectService({
    urls: natsUrls,
    ca: ca ?? undefined,
    creds: trust.serviceCredentials,
    sealingKey,
    name,
  });
  onClose(() => connection.close());
  await ensureStreams(connection, { replicas: streamReplicas });
  const streams = new StreamKeeper({ connection, replicas: streamReplicas, logger });
  onClose(() => streams.stop());
  const publisher = new JetStreamFactPublisher(connection, store);
  const outbox = new Outbox({ dataSource, store, publisher, logger });
  outbox.start();
  onClose(() => outbox.stop());
  const networks = new NetworkFollower(store, async ({ from, onFacts }) =>
    followFacts({ connection, store, service: name, from, onFacts, logger }),
  );
  await networks.start();
  onClose(() => networks.stop());
  const nodes = new FollowedNodes(networks);
  const reports = new ReportFeed({ connection, sealingKey, nodes, service: name, logger });
  onClose(async () => reports.stop());
  const sweeping = setInterval(
    () => void store.sweep().catch((error: unknown) => logger.warn({ err: error }, 'old answers not swept')),
    SWEEP_ANSWERS_EVERY_MS,
  );
  onClose(async () => clearInterval(sweeping));
  return { store, leases: new Leases(dataSource), outbox, connection, streams, reports, networks };
}
