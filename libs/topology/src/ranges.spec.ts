import { expect, test } from '@jest/globals';
import { formatPrefix, parsePrefix } from '#ipam/prefix.js';
import { firstFreeRange4, rangesOf, refuseOverlap, uniqueLocalRange } from './ranges.js';

const others = rangesOf([
  { name: 'prod', cidr: '10.90.0.0/16', cidr6: 'fd00:90::/64' },
  { name: 'lab', cidr: '192.168.0.0/24', cidr6: null },
]);

test.each([
  ['10.90.0.0/16', '10.90.0.0/16 overlaps 10.90.0.0/16 of network "prod"; choose another range'],
  ['10.0.0.0/8', '10.0.0.0/8 overlaps 10.90.0.0/16 of network "prod"'],
  ['10.90.7.0/24', '10.90.7.0/24 overlaps 10.90.0.0/16 of network "prod"'],
  ['fd00:90::/48', 'fd00:90::/48 overlaps fd00:90::/64 of network "prod"'],
  ['192.168.0.128/25', 'of network "lab"'],
])('%s is taken', (range, message) => {
  expect(() => refuseOverlap(parsePrefix(range), others)).toThrow(expect.objectContaining({ code: 'cidr_overlap' }));
  expect(() => refuseOverlap(parsePrefix(range), others)).toThrow(message);
});

test.each(['10.91.0.0/16', '192.168.1.0/24', 'fd00:91::/64'])('%s is free', (range) => {
  expect(() => refuseOverlap(parsePrefix(range), others)).not.toThrow();
});

test('the first free default range', () => {
  expect(formatPrefix(firstFreeRange4([]))).toBe('10.90.0.0/16');
  expect(formatPrefix(firstFreeRange4(others))).toBe('10.91.0.0/16');
  const half = rangesOf([{ name: 'half', cidr: '10.64.0.0/10', cidr6: null }]);
  expect(formatPrefix(firstFreeRange4(half))).toBe('10.128.0.0/16');
  const all = rangesOf([{ name: 'all', cidr: '10.0.0.0/8', cidr6: null }]);
  expect(() => firstFreeRange4(all)).toThrow(expect.objectContaining({ code: 'range_exhausted' }));
});

test('a unique local range from random bytes', () => {
  expect(formatPrefix(uniqueLocalRange(Uint8Array.of(0x12, 0x34, 0x56, 0x78, 0x9a)))).toBe('fd12:3456:789a::/64');
  expect(formatPrefix(uniqueLocalRange(Uint8Array.of(0, 0, 0, 0, 1)))).toBe('fd00:0:1::/64');
});
