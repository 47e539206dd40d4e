import type { RateLimit } from '../registry.options.js';

interface Bucket {
  tokens: number;
  /** Milliseconds, monotonic. */
  at: number;
}

/** Sources remembered at once; the one that was quiet longest is forgotten first. */
const MAX_SOURCES = 10_000;

/** A token bucket per source. */
export class RateLimiter {
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly limit: RateLimit,
    private readonly monotonic: () => number,
  ) {}

  /** Takes one token. @returns 0 when there was one, else the seconds (at least 1) until there is */
  take(source: string): number {
    const bucket = this.refill(source);
    this.buckets.delete(source);
    this.buckets.set(source, bucket);
    if (this.buckets.size > MAX_SOURCES) this.buckets.delete(this.buckets.keys().next().value!);
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return 0;
    }
    return Math.max(1, Math.ceil((1 - bucket.tokens) / this.limit.perSecond));
  }

  private refill(source: string): Bucket {
    const now = this.monotonic();
    const known = this.buckets.get(source);
    if (!known) return { tokens: this.limit.burst, at: now };
    const gained = ((now - known.at) / 1000) * this.limit.perSecond;
    return { tokens: Math.min(this.limit.burst, known.tokens + gained), at: now };
  }
}

/** What counts as one source: an IPv4 address, or the /64 that one IPv6 host commonly has to itself. */
export function sourceOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped) return mapped[1]!;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const left = head.split(':').filter(Boolean);
  const right = (tail ?? '').split(':').filter(Boolean);
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right].slice(0, 4);
  return groups.map((group) => parseInt(group, 16).toString(16)).join(':') + '::/64';
}
