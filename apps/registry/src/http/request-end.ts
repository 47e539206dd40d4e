import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Calls back once for each request that is over, answered or given up by its client; `onResponse` misses the latter. */
export function onRequestEnd(
  server: FastifyInstance,
  end: (request: FastifyRequest, reply: FastifyReply) => void,
): void {
  server.addHook('onRequest', (request, reply, done) => {
    reply.raw.once('close', () => end(request, reply));
    done();
  });
}
