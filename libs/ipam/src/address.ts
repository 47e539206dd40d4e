import { IPv4, IPv6, collapseIPv6Number } from 'ip-num';
import { Refusal } from '#contracts/errors.js';

export type Family = 4 | 6;

export interface Address {
  family: Family;
  /** The address as an unsigned number of 32 or 128 bits. */
  value: bigint;
}

export const BITS = { 4: 32, 6: 128 } as const;

/**
 * One literal address; names, zone ids, leading zeros in octets and surrounding space are refused.
 * @throws Refusal `invalid` that names what is wrong
 */
export function parseAddress(text: string): Address {
  const address = readAddress(text);
  if (!address) throw new Refusal('invalid', whyNotAddress(text));
  return address;
}

/** The same without an explanation: undefined for anything but a literal address. */
export function readAddress(text: string): Address | undefined {
  if (text.includes('%')) return undefined;
  try {
    return text.includes(':') ? { family: 6, value: new IPv6(text).value } : { family: 4, value: new IPv4(text).value };
  } catch {
    return undefined;
  }
}

/** The one text we write: dotted decimal, or RFC 5952 (lower case, longest run of zeros as `::`). */
export function formatAddress({ family, value }: Address): string {
  return family === 4 ? new IPv4(value).toString() : collapseIPv6Number(new IPv6(value).toString());
}

/** @throws Refusal `invalid` */
export const canonicalAddress = (text: string): string => formatAddress(parseAddress(text));

/** What is wrong with a text that `readAddress` refused. */
export function whyNotAddress(text: string): string {
  if (text.includes('%')) return `${quote(text)}: zone ids (%…) have no meaning on other machines; leave it out`;
  if (text.includes(':'))
    return `${quote(text)} is not an IPv6 address: write eight groups of up to four hexadecimal digits, or :: for one run of zeros`;
  const octets = text.split('.');
  if (octets.length !== 4) return `${quote(text)} is neither an IPv4 nor an IPv6 address`;
  return `${quote(text)} is not an IPv4 address: ${octets.map(whyNotOctet).find(Boolean)}`;
}

function whyNotOctet(octet: string): string | undefined {
  if (!/^\d+$/.test(octet)) return `${quote(octet)} is not a decimal number`;
  if (octet.length > 1 && octet.startsWith('0')) return `${quote(octet)} has a leading zero`;
  return Number(octet) > 255 ? `${quote(octet)} is greater than 255` : undefined;
}

/** Input of any length ends up in messages and logs: keep it short. */
export const quote = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
