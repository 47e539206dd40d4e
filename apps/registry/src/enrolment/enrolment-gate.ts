import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Refusal } from '#contracts/errors.js';
import { isId } from '#contracts/names.js';
import { bearerOf } from '../auth/api-token.js';
import { FailedAttempts } from '../auth/failed-attempts.js';
import { TooManyRequests } from '../http/problem.js';
import { RateLimiter, sourceOf } from '../http/rate-limiter.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';

/** What a request must show before anything is looked up for it. */
@Injectable()
export class EnrolmentGate {
  private readonly limiter: RateLimiter;

  constructor(
    @Inject(FailedAttempts) private readonly failedAttempts: FailedAttempts,
    @Inject(REGISTRY_OPTIONS) { limits, clock }: Pick<RegistryOptions, 'limits' | 'clock'>,
  ) {
    this.limiter = new RateLimiter(limits.enrolments, clock.monotonic);
  }

  /** The enrolment key that a request brings. @throws Refusal unauthorized, key_unknown; TooManyRequests */
  keyOf(request: FastifyRequest): { keyId: string; secret: string } {
    const wait = this.limiter.take(sourceOf(request.ip));
    if (wait > 0) throw new TooManyRequests(wait, `Too many enrolments from this address; wait ${wait} s.`);
    const bearer = bearerOf(request.headers.authorization);
    if (bearer === undefined)
      throw new Refusal('unauthorized', 'Send the enrolment token as "Authorization: Bearer <key id>.<secret>".');
    const [keyId = '', secret = ''] = bearer.split('.', 2);
    if (isId(keyId) && secret !== '') return { keyId, secret };
    throw this.unknownKey(request);
  }

  /** What to throw for a wrong key. */
  unknownKey(request: FastifyRequest): Refusal | TooManyRequests {
    const refusal = new Refusal('key_unknown', 'This enrolment key is not known here. Ask an operator for a new one.');
    return this.failedAttempts.refuse(request.ip, refusal);
  }
}
