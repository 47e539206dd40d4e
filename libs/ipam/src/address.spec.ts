import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalAddress, formatAddress, parseAddress, readAddress } from './address.js';

describe('canonical text (RFC 5952)', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['FD00::000A', 'fd00::a'],
    ['fd00:0:0:1:0:0:0:1', 'fd00:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::ffff:1.2.3.4', '::ffff:102:304'],
  ])('%s → %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });

  test('any IPv6 address is written as the URL standard writes it', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, (1n << 128n) - 1n), (random) => {
        // Half of the bits cleared at random groups, so that runs of zeros are common.
        const value = random & MASKS[Number(random % BigInt(MASKS.length))]!;
        const text = formatAddress({ family: 6, value });
        expect(new URL(`http://[${text}]`).hostname).toBe(`[${text}]`);
        expect(parseAddress(text)).toEqual({ family: 6, value });
      }),
    );
  });

  test('any IPv4 address comes back', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect(formatAddress(parseAddress(text))).toBe(text);
      }),
    );
  });
});

describe('refused', () => {
  test.each([
    ['10.0.0.256', '"10.0.0.256" is not an IPv4 address: "256" is greater than 255'],
    ['010.0.0.1', '"010.0.0.1" is not an IPv4 address: "010" has a leading zero'],
    ['1.2.3.-4', '"1.2.3.-4" is not an IPv4 address: "-4" is not a decimal number'],
    ['1.2.3.4 ', '"1.2.3.4 " is not an IPv4 address: "4 " is not a decimal number'],
    ['0x1.2.3.4', '"0x1.2.3.4" is not an IPv4 address: "0x1" is not a decimal number'],
    ['1.2.3.', '"1.2.3." is not an IPv4 address: "" is not a decimal number'],
    ['1.2.3', '"1.2.3" is neither an IPv4 nor an IPv6 address'],
    ['example.com', '"example.com" is neither an IPv4 nor an IPv6 address'],
    ['', '"" is neither an IPv4 nor an IPv6 address'],
    ['fe80::1%eth0', '"fe80::1%eth0": zone ids (%…) have no meaning on other machines; leave it out'],
    ['1::2::3', '"1::2::3" is not an IPv6 address'],
    ['12345::', '"12345::" is not an IPv6 address'],
    ['1:2:3:4:5:6:7:8:9', 'is not an IPv6 address'],
    [' ::1', 'is not an IPv6 address'],
    ['g::', 'is not an IPv6 address'],
  ])('%j', (text, message) => {
    expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: 'invalid' }));
    expect(() => parseAddress(text)).toThrow(message);
  });

  test('no text makes it fail in another way, and a long one makes no long message', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 300 }), fc.stringMatching(/^[0-9a-f:.%/]{0,60}$/)), (text) => {
        if (readAddress(text)) return;
        expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: 'invalid' }));
      }),
    );
    expect(() => parseAddress('9'.repeat(100_000))).toThrow(/^.{60,200}$/);
    expect(() => parseAddress(`${'9'.repeat(100_000)}.1.1.1`)).toThrow(/^.{60,300}$/);
  });
});

const MASKS = [0xffffn, 0xffff0000n, 0xffff_0000_0000_ffffn << 48n, (1n << 64n) - 1n, (1n << 128n) - (1n << 96n), -1n];
