import { Refusal } from '#contracts/errors.js';
import { BITS, formatAddress, quote, readAddress, whyNotAddress, type Address, type Family } from './address.js';

/** A block of addresses: `base` has no bit set beyond `length`. */
export interface Prefix {
  family: Family;
  base: bigint;
  length: number;
}

/**
 * Strict CIDR text: `10.90.0.0/16`, `fd00:90::/64`.
 * @throws Refusal `cidr_invalid` that names what is wrong and, for host bits, the text that was meant
 */
export function parsePrefix(text: string): Prefix {
  const invalid = (reason: string) => new Refusal('cidr_invalid', reason);
  const [addressText = '', lengthText, ...more] = text.split('/');
  if (lengthText === undefined || more.length)
    throw invalid(`${quote(text)} is not a range: write ADDRESS/LENGTH, for instance 10.90.0.0/16`);
  const address = readAddress(addressText);
  if (!address) throw invalid(whyNotAddress(addressText));
  const { family, value } = address;
  if (!/^(0|[1-9]\d{0,2})$/.test(lengthText) || Number(lengthText) > BITS[family])
    throw invalid(`${quote(text)}: the prefix length of an IPv${family} range is a number from 0 to ${BITS[family]}`);
  const length = Number(lengthText);
  const base = networkBits(family, value, length);
  if (base !== value)
    throw invalid(`${quote(text)} has host bits set: did you mean ${formatPrefix({ family, base, length })}?`);
  return { family, base, length };
}

export const formatPrefix = ({ family, base, length }: Prefix): string =>
  `${formatAddress({ family, value: base })}/${length}`;

/** @throws Refusal `cidr_invalid` */
export const canonicalPrefix = (text: string): string => formatPrefix(parsePrefix(text));

/** The prefix of one host: `10.90.0.5` → `10.90.0.5/32`. The address must already be canonical. */
export const hostPrefix = (address: string): string => `${address}/${address.includes(':') ? 128 : 32}`;

export const contains = (prefix: Prefix, address: Address): boolean =>
  prefix.family === address.family && networkBits(address.family, address.value, prefix.length) === prefix.base;

/** Two prefixes either nest or are disjoint. */
export function overlaps(a: Prefix, b: Prefix): boolean {
  if (a.family !== b.family) return false;
  const length = Math.min(a.length, b.length);
  return networkBits(a.family, a.base, length) === networkBits(b.family, b.base, length);
}

/** Number of addresses. */
export const sizeOf = ({ family, length }: Prefix): bigint => 1n << BigInt(BITS[family] - length);

function networkBits(family: Family, value: bigint, length: number): bigint {
  const hostBits = BigInt(BITS[family] - length);
  return (value >> hostBits) << hostBits;
}
