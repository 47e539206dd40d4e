import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatAddress, parseAddress } from './address.js';
import { contains, formatPrefix, overlaps, parsePrefix, sizeOf, type Prefix } from './prefix.js';
import { lowestFreePrefix, translate } from './translate.js';

describe('translation', () => {
  test.each([
    ['10.42.7.9', '10.42.0.0/16', '100.97.0.0/16', '100.97.7.9'],
    ['10.42.255.255', '10.42.0.0/16', '10.0.0.0/16', '10.0.255.255'],
    ['10.43.0.10', '10.43.0.10/32', '100.64.0.1/32', '100.64.0.1'],
    ['192.168.1.77', '192.168.1.64/27', '100.64.3.32/27', '100.64.3.45'],
    ['fd00:42::7:9', 'fd00:42::/56', 'fd64:746f:6d62:100::/56', 'fd64:746f:6d62:100::7:9'],
  ])('%s from %s to %s is %s, and back', (address, from, to, expected) => {
    const there = translate(parseAddress(address), parsePrefix(from), parsePrefix(to));
    expect(formatAddress(there)).toBe(expected);
    expect(formatAddress(translate(there, parsePrefix(to), parsePrefix(from)))).toBe(address);
  });

  test.each([
    ['10.42.0.1', '10.42.0.0/16', '100.64.0.0/17', 'differ in size'],
    ['10.42.0.1', '10.42.0.0/16', 'fd00::/16', 'differ in size'],
    ['10.43.0.1', '10.42.0.0/16', '100.64.0.0/16', '10.43.0.1 is not in 10.42.0.0/16'],
    ['fd00::1', '10.42.0.0/16', '100.64.0.0/16', 'fd00::1 is not in'],
  ])('refused: %s from %s to %s', (address, from, to, why) => {
    const attempt = () => translate(parseAddress(address), parsePrefix(from), parsePrefix(to));
    expect(attempt).toThrow(expect.objectContaining({ code: 'invalid' }));
    expect(attempt).toThrow(why);
  });
});

describe('the lowest free prefix', () => {
  test.each<[string, number, string[], string | undefined]>([
    ['100.64.0.0/10', 16, [], '100.64.0.0/16'],
    ['100.64.0.0/10', 16, ['100.64.0.0/16'], '100.65.0.0/16'],
    ['100.64.0.0/10', 16, ['100.64.7.0/24', '100.66.0.0/16'], '100.65.0.0/16'],
    ['100.64.0.0/10', 16, ['100.64.0.0/15'], '100.66.0.0/16'],
    ['100.64.0.0/10', 24, ['100.64.0.0/25', '100.64.1.0/24'], '100.64.2.0/24'],
    ['100.64.0.0/10', 10, [], '100.64.0.0/10'],
    ['100.64.0.0/10', 10, ['100.127.255.255/32'], undefined],
    ['100.64.0.0/10', 9, [], undefined],
    ['100.64.0.0/16', 17, ['100.64.0.0/17', '100.64.128.0/18'], undefined],
    ['100.64.0.0/10', 16, ['0.0.0.0/0'], undefined],
    ['100.64.0.0/10', 16, ['fd00::/8', '10.0.0.0/8', '192.168.0.0/16'], '100.64.0.0/16'],
    ['fd64:746f:6d62::/48', 56, ['fd64:746f:6d62::/56'], 'fd64:746f:6d62:100::/56'],
  ])('of %s, /%i, with %j taken: %s', (pool, length, taken, expected) => {
    const free = lowestFreePrefix(parsePrefix(pool), length, taken.map(parsePrefix));
    expect(free && formatPrefix(free)).toBe(expected);
  });

  test('is the first that overlaps nothing', () => {
    const pool = parsePrefix('10.0.0.0/24');
    const prefix = fc.integer({ min: 23, max: 32 }).chain((length) =>
      fc.integer({ min: 0, max: 2 ** (length - 23) - 1 }).map((index): Prefix => {
        return { family: 4, base: (10n << 24n) + (BigInt(index) << BigInt(32 - length)), length };
      }),
    );
    fc.assert(
      fc.property(fc.array(prefix, { maxLength: 12 }), fc.integer({ min: 24, max: 32 }), (taken, length) => {
        const all = Array.from({ length: 2 ** (length - 24) }, (_, n): Prefix => {
          return { family: 4, base: pool.base + BigInt(n) * sizeOf({ ...pool, length }), length };
        });
        const first = all.find((candidate) => !taken.some((other) => overlaps(candidate, other)));
        expect(lowestFreePrefix(pool, length, taken)).toEqual(first);
        if (first) expect(contains(pool, { family: 4, value: first.base })).toBe(true);
      }),
    );
  });
});
