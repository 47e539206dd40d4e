import { expect, test } from '@jest/globals';
import { formatPrefix } from './prefix.js';
import { parseNetworkRange } from './network-range.js';

test.each([
  ['10.0.0.0/8', 4],
  ['10.90.0.0/16', 4],
  ['192.168.1.4/30', 4],
  ['100.64.0.0/10', 4],
  ['fd00:90::/64', 6],
  ['fd00::/32', 6],
  ['fd00::4/126', 6],
] as const)('%s is a range for a network', (text, family) => {
  expect(formatPrefix(parseNetworkRange(text, family))).toBe(text);
});

test.each([
  ['10.0.0.0/31', 4, '10.0.0.0/31 is too small for a network: /30 is the smallest IPv4 range'],
  ['10.0.0.0/32', 4, '10.0.0.0/32 is too small for a network: /30 is the smallest IPv4 range'],
  ['fd00::/127', 6, 'fd00::/127 is too small for a network: /126 is the smallest IPv6 range'],
  ['fd00::/128', 6, 'fd00::/128 is too small for a network: /126 is the smallest IPv6 range'],
  ['32.0.0.0/7', 4, '32.0.0.0/7 is too large for a network: /8 is the largest IPv4 range'],
  ['fc00::/31', 6, 'fc00::/31 is too large for a network: /32 is the largest IPv6 range'],
  ['0.0.0.0/0', 4, '0.0.0.0/0 overlaps 0.0.0.0/8, which is unspecified'],
  ['127.1.0.0/16', 4, '127.1.0.0/16 overlaps 127.0.0.0/8, which is loopback'],
  ['169.254.0.0/24', 4, 'which is link-local'],
  ['224.0.0.0/8', 4, 'which is multicast'],
  ['::ffff:0:0/100', 6, 'which is reserved'],
  ['ff00::/64', 6, 'which is multicast'],
  ['fe80::/64', 6, 'which is link-local'],
  ['fd00::/64', 4, 'fd00::/64 is an IPv6 range where an IPv4 range belongs'],
  ['10.0.0.0/16', 6, '10.0.0.0/16 is an IPv4 range where an IPv6 range belongs'],
  ['10.90.0.1/16', 4, 'has host bits set'],
] as const)('refused: %s for IPv%s', (text, family, message) => {
  expect(() => parseNetworkRange(text, family)).toThrow(expect.objectContaining({ code: 'cidr_invalid' }));
  expect(() => parseNetworkRange(text, family)).toThrow(message);
});
