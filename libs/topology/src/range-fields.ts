import { Refusal } from '#contracts/errors.js';
import { UNUSABLE } from '#ipam/address-kind.js';
import { formatPrefix, overlaps, parsePrefix, type Prefix } from '#ipam/prefix.js';
import { inField, refuseInvalid } from './fields.js';

/** A cluster or gateway with more is described wrongly. */
export const MAX_RANGES = 64;

/**
 * Ranges in canonical form, sorted, each once.
 * @throws Refusal `cidr_invalid` for host bits, for everything (/0) and for what no machine can have, `invalid` for too many
 */
export function canonicalRanges(field: string, texts: readonly string[]): string[] {
  if (texts.length > MAX_RANGES) refuseInvalid([{ field, message: `must be at most ${MAX_RANGES} ranges` }]);
  const canonical = (text: string, index: number) =>
    inField(`${field}[${index}]`, () => formatPrefix(usableRange(text)));
  return [...new Set(texts.map(canonical))].sort();
}

export const sameTexts = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text, index) => text === b[index]);

function usableRange(text: string): Prefix {
  const range = parsePrefix(text);
  if (range.length === 0)
    throw new Refusal(
      'cidr_invalid',
      `${text} is everything; an internet gateway is the way to send everything through`,
    );
  const special = UNUSABLE.find(([unusable]) => overlaps(unusable, range));
  if (special)
    throw new Refusal(
      'cidr_invalid',
      `${text} overlaps ${formatPrefix(special[0])}, which is ${special[1]}; leave it out`,
    );
  return range;
}
