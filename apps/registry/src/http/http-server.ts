import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';
import { v7 as uuidv7 } from 'uuid';
import type { RegistryOptions } from '../registry.options.js';
import { closeGracefully } from './graceful-close.js';
import { acceptJsonOnly, BODY_LIMIT } from './json-body.js';
import { problem, problemOf } from './problem.js';
import { PROBLEM_TYPE, sendProblem } from './send-problem.js';
import { measureRequests } from './request-metrics.js';
import { logRequests } from './request-log.js';

export interface HttpServerOptions {
  /** PEM; absent: plain HTTP, for loopback only. */
  tls?: { cert: string; key: string };
  /** How many proxies before this server add to `X-Forwarded-For`; what clients say there themselves is not believed. */
  proxies?: number;
}

/**
 * Fastify as this API needs it: JSON bodies only, up to a limit, and a problem document for every error, also those that
 * never reach a route. Give it to `NestFactory.create` together with `{ bodyParser: false }`.
 */
export function httpAdapter(
  { logger, metrics }: Pick<RegistryOptions, 'logger' | 'metrics'>,
  { tls, proxies = 0 }: HttpServerOptions = {},
): FastifyAdapter {
  const adapter = new FastifyAdapter({
    ...(tls ? { https: { cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2' as const } } : {}),
    trustProxy: (_address: string, hop: number) => hop < proxies,
    bodyLimit: BODY_LIMIT,
    requestTimeout: 30_000,
    keepAliveTimeout: 65_000,
    return503OnClosing: false,
    genReqId: () => uuidv7(),
    frameworkErrors: (error: Error, _request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(reply, problemOf(error)),
    clientErrorHandler: answerUnreadable,
  });
  const server = adapter.getInstance<FastifyInstance>();
  acceptJsonOnly(server);
  keepOutOfCaches(server);
  closeGracefully(server);
  logRequests(server, logger);
  measureRequests(server, metrics);
  return adapter;
}

/** Answers hold secrets, and are true for a moment only. */
function keepOutOfCaches(server: FastifyInstance): void {
  server.addHook('onRequest', (request, reply, done) => {
    if (request.url.startsWith('/api/v1/'))
      reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    done();
  });
}

/** What cannot be parsed as HTTP never becomes a request, so the answer is written by hand. */
function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy(error);
  const answer =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? problem('headers_too_large', 'The request line and headers are limited to 16 KiB.')
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? problem('timeout', 'The request did not arrive within 30 s.')
        : problem('malformed', 'The request is not valid HTTP/1.1.');
  const body = JSON.stringify(answer);
  socket.end(
    `HTTP/1.1 ${answer.status} ${answer.title}\r\nContent-Type: ${PROBLEM_TYPE}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
