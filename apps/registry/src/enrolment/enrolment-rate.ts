import { Inject, Injectable } from '@nestjs/common';
import { TooManyRequests } from '../http/problem.js';
import { RateLimiter, sourceOf } from '../http/rate-limiter.js';
import { REGISTRY_OPTIONS, type RegistryOptions } from '../registry.options.js';

/** How many enrolments one source address may ask for. */
@Injectable()
export class EnrolmentRate {
  private readonly limiter: RateLimiter;

  constructor(@Inject(REGISTRY_OPTIONS) { limits, clock }: Pick<RegistryOptions, 'limits' | 'clock'>) {
    this.limiter = new RateLimiter(limits.enrolments, clock.monotonic);
  }

  /** @throws TooManyRequests */
  admit(address: string): void {
    const wait = this.limiter.take(sourceOf(address));
    if (wait > 0) throw new TooManyRequests(wait, `Too many enrolments from this address; wait ${wait} s.`);
  }
}
