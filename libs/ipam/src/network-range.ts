import { Refusal } from '#contracts/errors.js';
import { type Family } from './address.js';
import { UNUSABLE } from './address-kind.js';
import { formatPrefix, overlaps, parsePrefix, type Prefix } from './prefix.js';

/**
 * Lengths a network's range may have. Shortest: /8 is all there is of 10.0.0.0, /32 is what a provider is given;
 * beyond them a range is a slip of the keyboard. Longest: /30 and /126 still leave two hosts; in /31, /32, /127 and
 * /128 nothing is left after network, broadcast and anycast addresses.
 */
export const RANGE_LENGTHS: Record<Family, { shortest: number; longest: number }> = {
  4: { shortest: 8, longest: 30 },
  6: { shortest: 32, longest: 126 },
};

/**
 * The address range of a network, of the family that was asked for.
 * @throws Refusal `cidr_invalid` that names what is wrong
 */
export function parseNetworkRange(text: string, family: Family): Prefix {
  const range = parsePrefix(text);
  const invalid = (reason: string) => new Refusal('cidr_invalid', `${formatPrefix(range)} ${reason}`);
  if (range.family !== family) throw invalid(`is an IPv${range.family} range where an IPv${family} range belongs`);
  const special = UNUSABLE.find(([unusable]) => overlaps(unusable, range));
  if (special)
    throw invalid(`overlaps ${formatPrefix(special[0])}, which is ${special[1]}: no node can have such an address`);
  const { shortest, longest } = RANGE_LENGTHS[family];
  if (range.length < shortest)
    throw invalid(`is too large for a network: /${shortest} is the largest IPv${family} range`);
  if (range.length > longest)
    throw invalid(`is too small for a network: /${longest} is the smallest IPv${family} range`);
  return range;
}
