import type { Logger } from 'pino';
import type { Registry as Metrics } from 'prom-client';
import { commandSubject } from '#contracts/subjects.js';
import { requestCommand } from '#messaging/command-bus.js';
import { connectService } from '#messaging/connection.js';
import { CredentialRevoker } from '#messaging/credential-revoker.js';
import { IngestFeed } from '#messaging/ingest-feed.js';
import { mintNodeCredentials } from '#messaging/node-credentials.js';
import { SourceAccounts, sourceCredentials } from '#messaging/source-accounts.js';
import type { Secrets } from '#service/secrets.js';
import type { ServiceParts } from '#service/service-parts.js';
import { DEFAULT_LIMITS, type RegistryOptions, systemClock } from './registry.options.js';

export interface RegistryAdapters {
  parts: Pick<ServiceParts, 'store' | 'connection' | 'outbox' | 'reports'>;
  secrets: Secrets;
  natsUrls: string[];
  /** What nodes are told to connect to. */
  natsPublicUrls: string[];
  ca: string | null;
  pin: string | null;
  publicUrl: () => string;
  logger: Logger;
  metrics: Metrics;
}

/** A node's login to the broker lives this long; agents renew it when half of it is over. */
const LOGIN_TTL_SECONDS = 24 * 3600;
/** A command folds, decides and appends: seconds only when the log is slow. */
const ASK_PATIENTLY = { withinMs: 5_000 };
/** Facts that may wait for the broker before this replica calls itself unready. */
const MOST_LAG = 10_000;

/** The registry over the real log and the real broker; the system account's connection is its own, and to be closed after it. */
export async function openRegistry(
  adapters: RegistryAdapters,
): Promise<{ options: RegistryOptions; close(): Promise<void> }> {
  const { secrets, natsUrls, ca } = adapters;
  const system = await connectService({
    urls: natsUrls,
    ca: ca ?? undefined,
    creds: secrets.trust.systemCredentials,
    name: 'registry-revocations',
  });
  const revoker = new CredentialRevoker({
    trust: secrets.trust,
    connection: system,
    ttlSeconds: LOGIN_TTL_SECONDS,
    now: systemClock.now,
  });
  const accounts = new SourceAccounts(secrets.trust, system);
  return { options: optionsOf(adapters, revoker, accounts), close: () => system.close() };
}

function optionsOf(adapters: RegistryAdapters, revoker: CredentialRevoker, accounts: SourceAccounts): RegistryOptions {
  const { parts, secrets, logger, metrics, ...address } = adapters;
  const { store, connection, outbox } = parts;
  const { trust, masterKey } = secrets;
  return {
    store,
    credentials: {
      mint: async ({ nodeId, natsKey }) => {
        const now = systemClock.now();
        const login = await mintNodeCredentials({ trust, nodeId, natsKey, now, ttlSeconds: LOGIN_TTL_SECONDS });
        return { urls: address.natsPublicUrls, ...login };
      },
      revoke: (nodes) => revoker.revoke(nodes),
    },
    reports: {
      onReport: (listener) => parts.reports.onReport(listener),
      // The broker answers in turn, on the connection that reports come by.
      listening: () =>
        connection.check().then(
          () => true,
          () => false,
        ),
    },
    sources: {
      urls: address.natsPublicUrls,
      credentials: sourceCredentials,
      apply: (list) => accounts.apply(list),
    },
    openIngest: (handle) => new IngestFeed({ connection, handle, pace: DEFAULT_LIMITS.ingest, logger }),
    askGatewayManager: (command, request, { withinMs } = ASK_PATIENTLY) =>
      requestCommand(connection, commandSubject('gateway-manager', command), request, withinMs),
    askRelayPlanner: (command, request, { withinMs } = ASK_PATIENTLY) =>
      requestCommand(connection, commandSubject('relay-planner', command), request, withinMs),
    readiness: [
      { name: 'broker', check: () => connection.check() },
      {
        name: 'outbox',
        check: async () => {
          const lag = await outbox.lag();
          if (lag > MOST_LAG) throw new Error(`${lag} facts wait for the broker`);
        },
      },
    ],
    publicUrl: address.publicUrl,
    pin: address.pin,
    ca: address.ca,
    controllerKey: trust.sealing.publicKey,
    masterKey,
    logger,
    metrics,
    clock: systemClock,
    limits: DEFAULT_LIMITS,
  };
}
