import type { Logger } from 'pino';
import type { Registry as Metrics } from 'prom-client';
import { CredentialRevoker } from '#messaging/credential-revoker.js';
import { mintNodeCredentials } from '#messaging/node-credentials.js';
import { subscribeReports } from '#messaging/reports.js';
import type { Secrets } from '#service/secrets.js';
import type { ServiceParts } from '#service/service-parts.js';
import { DEFAULT_LIMITS, type RegistryOptions, systemClock } from './registry.options.js';

export interface RegistryAdapters {
  parts: Pick<ServiceParts, 'store' | 'connection' | 'outbox'>;
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
/** Facts that may wait for the broker before this replica calls itself unready. */
const MOST_LAG = 10_000;

/** The registry over the real log and the real broker. */
export function registryOptions({ parts, secrets, logger, metrics, ...address }: RegistryAdapters): RegistryOptions {
  const { store, connection, outbox } = parts;
  const { trust, masterKey } = secrets;
  const revoker = new CredentialRevoker({
    trust,
    urls: address.natsUrls,
    ca: address.ca ?? undefined,
    ttlSeconds: LOGIN_TTL_SECONDS,
  });
  return {
    store,
    credentials: {
      mint: async ({ nodeId, natsKey }) => {
        const now = systemClock.now();
        const login = await mintNodeCredentials({ trust, nodeId, natsKey, now, ttlSeconds: LOGIN_TTL_SECONDS });
        return { urls: address.natsPublicUrls, ...login };
      },
      revoke: (nodes) => revoker.revoke(nodes, systemClock.now()),
    },
    reports: {
      onReport: (listener) => subscribeReports(connection, { service: 'registry', onReport: listener, logger }),
      connected: () => connection.status === 'connected',
    },
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
