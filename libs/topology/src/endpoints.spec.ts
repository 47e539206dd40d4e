import { describe, expect, test } from '@jest/globals';
import type { Endpoint } from '#contracts/facts.js';
import { parsePrefix } from '#ipam/prefix.js';
import { canonicalEndpoints, endpointErrors, MAX_ENDPOINTS, sameEndpoints } from './endpoints.js';

const mesh = ['10.90.0.0/16', 'fd00:90::/64'].map(parsePrefix);
const endpoint = (address: string, port = 51820, kind: Endpoint['kind'] = 'public'): Endpoint => ({
  address,
  port,
  kind,
});
const many = (n: number) => Array.from({ length: n }, (_, i) => endpoint(`192.0.2.${i}`));

test.each([
  [[]],
  [[endpoint('203.0.113.7')]],
  [[endpoint('192.168.1.7', 1, 'lan'), endpoint('2001:db8::7', 65535)]],
  [[endpoint('10.91.0.1', 51820, 'lan')]],
  [many(MAX_ENDPOINTS)],
])('fine: %j', (endpoints) => {
  expect(endpointErrors(endpoints, mesh)).toEqual([]);
});

test.each([
  [endpoint('vpn.example.com'), 'endpoints[0].address', 'must be a literal address'],
  [endpoint('10.0.0.256'), 'endpoints[0].address', '"256" is greater than 255'],
  [endpoint('127.0.0.1'), 'endpoints[0].address', '127.0.0.1 is loopback'],
  [endpoint('0.0.0.0'), 'endpoints[0].address', '0.0.0.0 is unspecified'],
  [endpoint('::'), 'endpoints[0].address', ':: is unspecified'],
  [endpoint('224.0.0.5'), 'endpoints[0].address', '224.0.0.5 is multicast'],
  [endpoint('fe80::1'), 'endpoints[0].address', 'fe80::1 is link-local'],
  [endpoint('10.90.3.4'), 'endpoints[0].address', '10.90.3.4 is in its range 10.90.0.0/16'],
  [endpoint('fd00:90::4'), 'endpoints[0].address', 'fd00:90::4 is in its range fd00:90::/64'],
  [endpoint('203.0.113.7', 0), 'endpoints[0].port', 'from 1 to 65535'],
  [endpoint('203.0.113.7', 65536), 'endpoints[0].port', 'from 1 to 65535'],
  [endpoint('203.0.113.7', 1.5), 'endpoints[0].port', 'from 1 to 65535'],
  [endpoint('203.0.113.7', 7, 'wan' as 'lan'), 'endpoints[0].kind', 'one of public, lan'],
])('refused: %j', (bad, field, message) => {
  expect(endpointErrors([bad], mesh)).toEqual([{ field, message: expect.stringContaining(message) }]);
});

test('too many, and every wrong one is named', () => {
  expect(endpointErrors(many(MAX_ENDPOINTS + 1), mesh)).toEqual([
    { field: 'endpoints', message: 'must be at most 16' },
  ]);
  const errors = endpointErrors([endpoint('::1'), endpoint('203.0.113.7'), endpoint('x', 0)], mesh);
  expect(errors.map(({ field }) => field)).toEqual([
    'endpoints[0].address',
    'endpoints[2].address',
    'endpoints[2].port',
  ]);
});

describe('canonical endpoints', () => {
  test('one text, each once, order kept: the first is tried first', () => {
    expect(canonicalEndpoints([endpoint('2001:DB8::1'), endpoint('192.0.2.1'), endpoint('2001:db8:0::1')])).toEqual([
      endpoint('2001:db8::1'),
      endpoint('192.0.2.1'),
    ]);
  });

  test('order, port and kind matter', () => {
    const [a, b] = [endpoint('192.0.2.1'), endpoint('192.0.2.2')];
    expect(sameEndpoints([a, b], [a, b])).toBe(true);
    expect(sameEndpoints([a, b], [b, a])).toBe(false);
    expect(sameEndpoints([a], [a, b])).toBe(false);
    expect(sameEndpoints([a], [{ ...a, port: 1 }])).toBe(false);
    expect(sameEndpoints([a], [{ ...a, kind: 'lan' }])).toBe(false);
  });
});
