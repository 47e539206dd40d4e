import type { Trust } from './trust.js';

export interface ServerConfigOptions {
  trust: Trust;
  serverName: string;
  /** `address:port` of clients; left out where whoever starts the broker gives it. */
  listen?: string;
  /** Directory of the streams, and of the accounts that were pushed. Both survive a restart. */
  storeDir: string;
  resolverDir: string;
  /** PEM files. Without it clients speak plain text: for loopback only. */
  tls?: { certFile: string; keyFile: string };
  /** `address:port` of the monitoring pages (health). */
  monitor?: string;
  cluster?: {
    name: string;
    listen: string;
    /** `host:port` of the other brokers; the password comes from the trust. */
    routes: string[];
    /** Mutual TLS between brokers; the certificate must serve for client and server. */
    tls?: { certFile: string; keyFile: string; caFile: string };
  };
}

/** Largest message: a full state of 20,000 peers. The broker warns above 8 MB. */
export const MAX_PAYLOAD_BYTES = 8 * 1024 * 1024;

/**
 * Configuration of a broker (nats-server 2.9.10 and newer) in operator mode. The same trust always admits the same
 * logins: accounts that the broker was told later (revocations) are newer than those preloaded here, and newer wins.
 */
export function natsServerConfig(options: ServerConfigOptions): string {
  const { trust, tls, cluster } = options;
  const accounts = [trust.system, trust.control, trust.agents];
  return [
    `server_name: ${quote(options.serverName)}`,
    ...(options.listen ? [`listen: ${quote(options.listen)}`] : []),
    ...(options.monitor ? [`http: ${quote(options.monitor)}`] : []),
    `max_payload: ${MAX_PAYLOAD_BYTES}`,
    'lame_duck_duration: "30s"',
    `jetstream { store_dir: ${quote(options.storeDir)} }`,
    ...(tls ? [`tls { cert_file: ${quote(tls.certFile)}, key_file: ${quote(tls.keyFile)}, timeout: 10 }`] : []),
    ...(cluster ? clusterBlock(cluster, trust.clusterPassword) : []),
    `operator: ${trust.operator.jwt}`,
    `system_account: ${trust.system.key.publicKey}`,
    `resolver: { type: full, dir: ${quote(options.resolverDir)}, allow_delete: true, interval: "2m" }`,
    'resolver_preload: {',
    ...accounts.map((account) => `  ${account.key.publicKey}: ${account.jwt}`),
    '}',
    '',
  ].join('\n');
}

function clusterBlock(cluster: NonNullable<ServerConfigOptions['cluster']>, password: string): string[] {
  const user = 'tombolo';
  const { tls } = cluster;
  return [
    'cluster {',
    `  name: ${quote(cluster.name)}`,
    `  listen: ${quote(cluster.listen)}`,
    `  authorization { user: ${user}, password: ${quote(password)}, timeout: 5 }`,
    ...(tls
      ? [
          `  tls { cert_file: ${quote(tls.certFile)}, key_file: ${quote(tls.keyFile)}, ca_file: ${quote(tls.caFile)}, timeout: 10 }`,
        ]
      : []),
    `  routes: [${cluster.routes.map((route) => quote(`nats-route://${user}:${password}@${route}`)).join(', ')}]`,
    '}',
  ];
}

/** The broker's configuration language reads JSON strings. */
const quote = (text: string) => JSON.stringify(text);
