import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { onRequestEnd } from './request-end.js';

/** One line for each request: never headers, query or body, which may hold secrets. */
export function logRequests(server: FastifyInstance, logger: Logger): void {
  onRequestEnd(server, (request, reply) => {
    const { method, id, ip, actor } = request;
    const status = reply.statusCode;
    const fields = {
      requestId: id,
      method,
      path: request.url.split('?', 1)[0],
      status,
      ms: Math.round(reply.elapsedTime),
      actor,
      address: ip,
      ...(reply.raw.writableFinished ? {} : { aborted: true }),
    };
    const level = status >= 500 ? 'warn' : status >= 400 || method !== 'GET' ? 'info' : 'debug';
    logger[level](fields, 'request');
  });
}
