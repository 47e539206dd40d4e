import type { FastifyReply } from 'fastify';
import type { ProblemAnswer } from './problem.js';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

export function sendProblem(reply: FastifyReply, { problem, headers }: ProblemAnswer): void {
  if (reply.sent || reply.raw.headersSent) {
    reply.raw.destroy();
    return;
  }
  void reply
    .code(problem.status)
    .headers({ ...headers, 'cache-control': 'no-store', 'content-type': PROBLEM_TYPE })
    .send(JSON.stringify(problem));
}
