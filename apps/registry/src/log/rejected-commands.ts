import { Inject, Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { v7 as uuidv7 } from 'uuid';
import { isRefusal } from '#contracts/errors.js';
import { SYSTEM_STREAM } from '#contracts/names.js';
import { factsOf } from '#topology/command.js';
import { RateLimiter } from '../http/rate-limiter.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';
import { Decisions } from './decisions.js';

export interface RejectedCommand {
  actor: string;
  /** Method and route template. */
  command: string;
  code: string;
  /** As the request named it. */
  network: string | null;
}

/** One a second is enough to see who was refused what, and too few to fill the log with. */
const SAMPLE = { burst: 1, perSecond: 1 };

/** Keeps a sample of what was refused in the log, for audit. */
@Injectable()
export class RejectedCommands {
  private readonly limiter: RateLimiter;
  private readonly counter: Counter<'code'>;

  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(REGISTRY_OPTIONS) private readonly options: Pick<RegistryOptions, 'clock' | 'logger' | 'metrics'>,
  ) {
    this.limiter = new RateLimiter(SAMPLE, options.clock.monotonic);
    this.counter = new Counter({
      name: 'tombolo_registry_rejected_commands_total',
      help: 'Commands that a rule refused',
      labelNames: ['code'],
      registers: [options.metrics],
    });
  }

  /** Never fails and is not waited for: the answer to the client does not depend on it. */
  async note(rejected: RejectedCommand): Promise<void> {
    this.counter.inc({ code: rejected.code });
    if (this.limiter.take('all') > 0) return;
    const { actor, network, ...what } = rejected;
    const command = { commandId: uuidv7(), actor, at: this.options.clock.now().toISOString() };
    const facts = factsOf(command, { type: 'CommandRejected', data: { actor, network, ...what } });
    try {
      await this.decisions.system.execute(SYSTEM_STREAM, {
        commandId: command.commandId,
        fingerprint: 'rejected',
        decide: () => ({ facts, answer: null }),
      });
    } catch (error) {
      if (!isRefusal(error)) this.options.logger.warn({ err: error }, 'refused command not noted in the log');
    }
  }
}
