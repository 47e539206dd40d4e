import { Refusal } from '#contracts/errors.js';
import { formatPrefix, overlaps, parsePrefix, type Prefix } from '#ipam/prefix.js';

/** A range and who has it, for messages: `network "prod"`. */
export interface OwnedRange {
  owner: string;
  range: Prefix;
}

/** The ranges of listed networks. */
export function rangesOf(
  networks: Iterable<{ name: string; cidr: string | null; cidr6: string | null }>,
): OwnedRange[] {
  return [...networks].flatMap(({ name, cidr, cidr6 }) =>
    [cidr, cidr6].flatMap((text) =>
      text === null ? [] : [{ owner: `network ${JSON.stringify(name)}`, range: parsePrefix(text) }],
    ),
  );
}

/** @throws Refusal `cidr_overlap` that names the range's other owner */
export function refuseOverlap(range: Prefix, others: OwnedRange[]): void {
  const other = others.find((owned) => overlaps(owned.range, range));
  if (other)
    throw new Refusal(
      'cidr_overlap',
      `${formatPrefix(range)} overlaps ${formatPrefix(other.range)} of ${other.owner}; choose another range`,
    );
}

/**
 * The first 10.(90 + i).0.0/16 that nobody has, i = 0, 1, 2…
 * @throws Refusal `range_exhausted`
 */
export function firstFreeRange4(others: OwnedRange[]): Prefix {
  for (let second = 90; second <= 255; second++) {
    const range = parsePrefix(`10.${second}.0.0/16`);
    if (!others.some((owned) => overlaps(owned.range, range))) return range;
  }
  throw new Refusal('range_exhausted', 'no range from 10.90.0.0/16 to 10.255.0.0/16 is free; name one with cidr');
}

/** A unique local /64 (RFC 4193 §3.1): fd, 40 random bits, subnet 0. */
export function uniqueLocalRange([a = 0, b = 0, c = 0, d = 0, e = 0]: Uint8Array): Prefix {
  const group = (high: number, low: number) => ((high << 8) | low).toString(16);
  return parsePrefix(`${group(0xfd, a)}:${group(b, c)}:${group(d, e)}::/64`);
}
