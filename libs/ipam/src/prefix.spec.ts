import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseAddress } from './address.js';
import { canonicalPrefix, contains, formatPrefix, hostPrefix, overlaps, parsePrefix, sizeOf } from './prefix.js';

test.each([
  ['10.90.0.0/16', '10.90.0.0/16'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['10.0.0.1/32', '10.0.0.1/32'],
  ['FD00:0090::/64', 'fd00:90::/64'],
  ['::/0', '::/0'],
  ['fd00::1/128', 'fd00::1/128'],
])('%s → %s', (text, canonical) => {
  expect(canonicalPrefix(text)).toBe(canonical);
});

test.each([
  ['10.0.0.256/24', '"256" is greater than 255'],
  ['10.0.0.0', 'is not a range: write ADDRESS/LENGTH'],
  ['10.0.0.0/8/8', 'is not a range: write ADDRESS/LENGTH'],
  ['10.0.0.0/', 'the prefix length of an IPv4 range is a number from 0 to 32'],
  ['10.0.0.0/33', 'the prefix length of an IPv4 range is a number from 0 to 32'],
  ['10.0.0.0/08', 'the prefix length of an IPv4 range is a number from 0 to 32'],
  ['10.0.0.0/-8', 'the prefix length of an IPv4 range is a number from 0 to 32'],
  ['10.0.0.0/8 ', 'the prefix length of an IPv4 range is a number from 0 to 32'],
  ['fd00::/129', 'the prefix length of an IPv6 range is a number from 0 to 128'],
  ['10.90.3.7/16', '"10.90.3.7/16" has host bits set: did you mean 10.90.0.0/16?'],
  ['fd00::1/64', '"fd00::1/64" has host bits set: did you mean fd00::/64?'],
  ['', 'is not a range'],
])('refused: %j', (text, message) => {
  expect(() => parsePrefix(text)).toThrow(expect.objectContaining({ code: 'cidr_invalid' }));
  expect(() => parsePrefix(text)).toThrow(message);
});

describe('containment', () => {
  test.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['0.0.0.0/0', '1.2.3.4', true],
    ['::/0', '1.2.3.4', false],
    ['fd00::/64', 'fd00::ffff:ffff:ffff:ffff', true],
    ['fd00::/64', 'fd00:0:0:1::', false],
  ])('%s contains %s: %s', (prefix, address, expected) => {
    expect(contains(parsePrefix(prefix), parseAddress(address))).toBe(expected);
  });

  test('two prefixes overlap exactly if some address is in both', () => {
    const small = fc.integer({ min: 24, max: 32 }).chain((length) =>
      fc.integer({ min: 0, max: 2 ** (length - 24) - 1 }).map((index) => {
        return { family: 4 as const, base: (10n << 24n) + (BigInt(index) << BigInt(32 - length)), length };
      }),
    );
    fc.assert(
      fc.property(small, small, (a, b) => {
        const all = Array.from({ length: 256 }, (_, n) => ({ family: 4 as const, value: (10n << 24n) + BigInt(n) }));
        const shared = all.some((address) => contains(a, address) && contains(b, address));
        expect(overlaps(a, b)).toBe(shared);
        expect(all.filter((address) => contains(a, address))).toHaveLength(Number(sizeOf(a)));
        expect(parsePrefix(formatPrefix(a))).toEqual(a);
      }),
    );
  });

  test('families never overlap', () => {
    expect(overlaps(parsePrefix('0.0.0.0/0'), parsePrefix('::/0'))).toBe(false);
  });
});

test('the prefix of one host', () => {
  expect(hostPrefix('10.90.0.5')).toBe('10.90.0.5/32');
  expect(hostPrefix('fd00::5')).toBe('fd00::5/128');
});
