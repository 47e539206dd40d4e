import { Inject, Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import type { Refusal } from '#contracts/errors.js';
import { TooManyRequests } from '../http/problem.js';
import { RateLimiter, sourceOf } from '../http/rate-limiter.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';

/**
 * Slows down whoever shows wrong secrets. Right ones always pass, also from an address that failed before: 256 random
 * bits are not guessed, and a broken script must not lock out the operators behind the same NAT.
 */
@Injectable()
export class FailedAttempts {
  private readonly limiter: RateLimiter;
  private readonly counter: Counter;

  constructor(
    @Inject(REGISTRY_OPTIONS) { limits, clock, metrics }: Pick<RegistryOptions, 'limits' | 'clock' | 'metrics'>,
  ) {
    this.limiter = new RateLimiter(limits.failedAttempts, clock.monotonic);
    this.counter = new Counter({
      name: 'tombolo_registry_failed_authentications_total',
      help: 'Requests with a wrong or missing secret',
      registers: [metrics],
    });
  }

  /** What to throw for one more failure: the refusal itself, or that it is too many. */
  refuse(address: string, refusal: Refusal): Refusal | TooManyRequests {
    this.counter.inc();
    const wait = this.limiter.take(sourceOf(address));
    if (wait === 0) return refusal;
    return new TooManyRequests(wait, `Too many requests with a wrong secret from this address; wait ${wait} s.`);
  }
}
