import type { FastifyInstance } from 'fastify';
import { unavailable } from './problem.js';
import { sendProblem } from './send-problem.js';

/** Milliseconds that requests under way get to finish. */
const PATIENCE = 10_000;
const LOOK_AGAIN = 50;

/**
 * Lets requests under way finish when the server closes, sends new ones elsewhere, and closes what is idle. Node alone
 * waits for connections that never sent anything, as browsers open them in advance.
 */
export function closeGracefully(server: FastifyInstance): void {
  let underWay = 0;
  let closing = false;

  server.addHook('onRequest', (_request, reply, done) => {
    underWay += 1;
    // Not `onResponse`, which misses requests that their clients gave up.
    reply.raw.once('close', () => (underWay -= 1));
    if (!closing) return done();
    sendProblem(reply.header('connection', 'close'), unavailable('This replica is shutting down.'));
  });
  server.addHook('preClose', (done) => {
    closing = true;
    const deadline = performance.now() + PATIENCE;
    const timer = setInterval(() => {
      if (underWay === 0 || performance.now() > deadline) server.server.closeAllConnections();
    }, LOOK_AGAIN);
    server.server.once('close', () => clearInterval(timer));
    done();
  });
}
