import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isRefusal } from '#contracts/errors.js';
import { RejectedCommands } from '../log/rejected-commands.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';
import { problemOf } from './problem.js';
import { sendProblem } from './send-problem.js';

/** Refusals that an auditor wants to see; what is merely not found or misspelt is none of them. */
const AUDITED = [403, 409];

/** Answers every error of every route, and of no route, as a problem document. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    @Inject(REGISTRY_OPTIONS) private readonly options: Pick<RegistryOptions, 'logger'>,
    @Inject(RejectedCommands) private readonly rejected: RejectedCommands,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const request = host.switchToHttp().getRequest<FastifyRequest<{ Params: { network?: string } }>>();
    const answer = problemOf(error);
    const { status } = answer.problem;
    if (status === 500) this.options.logger.error({ err: error, requestId: request.id }, 'unforeseen error');
    if (isRefusal(error) && AUDITED.includes(status) && request.actor)
      void this.rejected.note({
        actor: request.actor,
        command: `${request.method} ${request.routeOptions.url}`,
        code: error.code,
        network: request.params.network ?? null,
      });
    sendProblem(reply, answer);
  }
}
