import type { FastifyInstance } from 'fastify';
import { Histogram, type Registry } from 'prom-client';
import { onRequestEnd } from './request-end.js';

/** Time of each request by route template, so that names in paths do not become labels. */
export function measureRequests(server: FastifyInstance, metrics: Registry): void {
  const duration = new Histogram({
    name: 'tombolo_registry_http_request_seconds',
    help: 'Time from the request to the end of its response',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [metrics],
  });
  onRequestEnd(server, (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    duration.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
  });
}
