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
  const atWall = (monotonic: number) => new Date(now.wall.getTime() - (now.monotonic - monotonic)).toISOString();
  const handshakes = told.flatMap(({ at, handshakeAge }) =>
    typeof handshakeAge === 'number' ? [at - handshakeAge * 1_000] : [],
  );
  return {
    link,
    rtt: link === 'up' ? (book.rtt(a, b) ?? null) : null,
    handshakeAt: handshakes.length === 0 ? null : atWall(Math.max(...handshakes)),
    heardAt: atWall(at),
  };
}
