import { expect, test } from '@jest/globals';
import { parseAddress } from './address.js';
import { addressKind, isPrivate, isPublic } from './address-kind.js';

test.each([
  ['1.1.1.1', 'public'],
  ['203.0.113.7', 'public'],
  ['2606:4700::1111', 'public'],
  ['10.1.2.3', 'private'],
  ['172.31.255.255', 'private'],
  ['172.32.0.0', 'public'],
  ['192.168.1.1', 'private'],
  ['100.64.0.1', 'private'],
  ['100.128.0.1', 'public'],
  ['fd12::1', 'private'],
  ['169.254.1.1', 'link-local'],
  ['fe80::1', 'link-local'],
  ['127.0.0.1', 'loopback'],
  ['::1', 'loopback'],
  ['0.0.0.0', 'unspecified'],
  ['::', 'unspecified'],
  ['224.0.0.1', 'multicast'],
  ['ff02::1', 'multicast'],
  ['255.255.255.255', 'reserved'],
  ['240.0.0.1', 'reserved'],
  ['::ffff:1.2.3.4', 'reserved'],
])('%s is %s', (text, kind) => {
  const address = parseAddress(text);
  expect(addressKind(address)).toBe(kind);
  expect(isPublic(address)).toBe(kind === 'public');
  expect(isPrivate(address)).toBe(kind === 'private');
});
