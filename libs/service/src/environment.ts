import { readFileSync } from 'node:fs';
import type { Certificate, CertificateFiles } from './certificate-files.js';
import { databaseUrl as databaseUrlOf } from './database-url.js';
import { isLoopback } from './loopback.js';
import { trustedProxies } from './trusted-proxies.js';

/** How a service process that runs by itself is told what it needs (docs/operations.md). */
export interface ServiceEnvironment {
  /** With the settings of TLS in it; secret, for it holds a password. */
  databaseUrl: string;
  natsUrls: string[];
  /** Directory of the secrets; also of `ca.pem`, `server.pem`, `server.key` unless TLS files are named. */
  keysDir: string;
  /** Copies of every stream message; 3 in a cluster of brokers. */
  streamReplicas: number;
  http: { host: string; port: number };
  /** Where this process alone tells its health, besides `http`, which replicas may share; plain HTTP on loopback. */
  health: { host: string; port: number } | null;
  tls: (Certificate & CertificateFiles) | null;
  /** Proxies before this service, each of which adds to `X-Forwarded-For` whom it heard; 0: none, the header is ignored. */
  proxies: number;
  /** PEM of the authority of our own certificates. */
  ca: string | null;
  /** Base URL that nodes reach the API at. */
  publicUrl: string;
  /** What nodes are told to connect to; default: the services' own. */
  natsPublicUrls: string[];
}

/** @throws Error naming every variable that is missing or wrong */
export function serviceEnvironment(env: NodeJS.ProcessEnv): ServiceEnvironment {
  const problems: string[] = [];
  const text = (name: string, fallback?: string) => {
    const value = env[name] ?? fallback;
    if (!value) problems.push(`${name} is not set`);
    return value ?? '';
  };
  const file = (path: string | undefined) => {
    if (!path) return null;
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      problems.push(`cannot read ${path}: ${(error as NodeJS.ErrnoException).code}`);
      return null;
    }
  };
  let databaseUrl = text('TOMBOLO_DATABASE_URL');
  const natsUrls = list(text('TOMBOLO_NATS_URL'));
  const keysDir = text('TOMBOLO_KEYS_DIR');
  const http = address(text('TOMBOLO_HTTP', '127.0.0.1:8080'));
  if (!http) problems.push('TOMBOLO_HTTP is not ADDRESS:PORT');
  const health = env.TOMBOLO_HEALTH ? address(env.TOMBOLO_HEALTH) : null;
  if (health === undefined || (health && !isLoopback(health.host)))
    problems.push('TOMBOLO_HEALTH is not ADDRESS:PORT of loopback');
  const streamReplicas = Number(env.TOMBOLO_STREAM_REPLICAS ?? '1');
  if (![1, 3, 5].includes(streamReplicas)) problems.push('TOMBOLO_STREAM_REPLICAS is not 1, 3 or 5');
  const cert = file(env.TOMBOLO_TLS_CERT);
  const key = file(env.TOMBOLO_TLS_KEY);
  if ((cert === null) !== (key === null)) problems.push('TOMBOLO_TLS_CERT and TOMBOLO_TLS_KEY go together');
  const ca = file(env.TOMBOLO_CA);
  const attempt = <T>(read: () => T, otherwise: T): T => {
    try {
      return read();
    } catch (error) {
      problems.push((error as Error).message);
      return otherwise;
    }
  };
  const proxies = attempt(() => trustedProxies(env), 0);
  if (databaseUrl) databaseUrl = attempt(() => databaseUrlOf(env), '');
  if (http && !cert && !isLoopback(http.host))
    problems.push('TOMBOLO_HTTP is not a loopback address: set TOMBOLO_TLS_CERT and TOMBOLO_TLS_KEY');
  if (problems.length > 0) throw new Error(problems.join('; '));
  const scheme = cert ? 'https' : 'http';
  return {
    databaseUrl,
    natsUrls,
    keysDir,
    streamReplicas,
    http: http!,
    health: health ?? null,
    tls: cert && key ? { cert, key, certFile: env.TOMBOLO_TLS_CERT ?? '', keyFile: env.TOMBOLO_TLS_KEY ?? '' } : null,
    proxies,
    ca,
    publicUrl: env.TOMBOLO_PUBLIC_URL ?? `${scheme}://${env.TOMBOLO_HTTP ?? '127.0.0.1:8080'}`,
    natsPublicUrls: env.TOMBOLO_NATS_PUBLIC_URL ? list(env.TOMBOLO_NATS_PUBLIC_URL) : natsUrls,
  };
}

const list = (value: string) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

function address(value: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-f:]+)\]|([^:]+)):(\d{1,5})$/i.exec(value);
  const port = Number(match?.[3]);
  return match && port <= 65535 ? { host: match[1] ?? match[2] ?? '', port } : undefined;
}
