import type { LinkLatency } from '#contracts/relay-commands.js';
import type { ObservationBook } from '../observations/observation-book.js';

export interface Now {
  /** Milliseconds of the clock that the book is kept by. */
  monotonic: number;
  wall: Date;
}

/** What is known of the link of two nodes; null: neither has told of it lately. */
export function linkLatency(book: ObservationBook, [a, b]: readonly [string, string], now: Now): LinkLatency | null {
  const told = [book.link(a, b, now.monotonic), book.link(b, a, now.monotonic)].filter((link) => link !== undefined);
  const [last] = told.sort((one, other) => other.at - one.at || (one.link === 'unanswered' ? -1 : 1));
  if (!last) return null;
  const { link, at } = last;
  const heardAt = new Date(now.wall.getTime() - (now.monotonic - at)).toISOString();
  return { link, rtt: link === 'up' ? (book.rtt(a, b) ?? null) : null, heardAt };
}
