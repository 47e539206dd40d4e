import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Registry } from 'prom-client';
import { type Certificate, type CertificateFiles, followCertificate, type FollowOptions } from './certificate-files.js';

export interface HealthOptions {
  host: string;
  port: number;
  tls: (Certificate & CertificateFiles) | null;
  logger: FollowOptions['logger'];
  metrics: Registry;
  /** What must work before this replica counts as ready; each rejects with a sentence when it does not. */
  ready: Record<string, () => Promise<void>>;
}

/**
 * `/healthz` (the process answers; never asks another part), `/readyz`, `/metrics` for a service without an API.
 * @returns a function that stops listening
 */
export async function serveHealth(options: HealthOptions): Promise<{ port: number; stop(): Promise<void> }> {
  const answer = async (path: string): Promise<{ status: number; type: string; body: string }> => {
    if (path === '/healthz') return json(200, { status: 'ok' });
    if (path === '/metrics')
      return { status: 200, type: options.metrics.contentType, body: await options.metrics.metrics() };
    if (path !== '/readyz') return json(404, { status: 'not found' });
    const checks = await Promise.all(
      Object.entries(options.ready).map(async ([name, check]) => [name, await verdict(check)] as const),
    );
    return json(checks.every(([, text]) => text === 'ok') ? 200 : 503, Object.fromEntries(checks));
  };
  const handler: RequestListener = (request, response) => {
    void answer((request.url ?? '/').split('?')[0] ?? '/').then(({ status, type, body }) => {
      response.writeHead(status, { 'Content-Type': type });
      response.end(body);
    });
  };
  const { tls, logger } = options;
  const secure = tls && createTlsServer(tls, handler);
  const server = secure ?? createServer(handler);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const unfollow = secure && followCertificate({ files: tls, server: secure, logger });
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound ? bound.port : options.port,
    stop: () =>
      new Promise((resolve) => {
        unfollow?.();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const json = (status: number, body: unknown) => ({ status, type: 'application/json', body: JSON.stringify(body) });

const verdict = (check: () => Promise<void>) =>
  check().then(
    () => 'ok',
    (error: Error) => error.message,
  );
