import { describe, expect, test } from '@jest/globals';
import { classify, type Evidence } from './classify.js';

const seenAt = (...endpoints: string[]) => new Map(endpoints.map((endpoint, n) => [`observer-${n}`, endpoint]));
const evidence = (overrides: Partial<Evidence>): Evidence => ({
  offersPublic: false,
  own: new Set(['192.168.1.2:51820', '203.0.113.9:51820', '[2001:db8::9]:51820']),
  seen: new Map(),
  wasReached: false,
  wasMissed: false,
  isUnheard: false,
  ...overrides,
});
const OUTSIDE = '198.51.100.1:4001';

describe('a node', () => {
  test.each<[string, Partial<Evidence>, string]>([
    ['of which nothing is known', {}, 'unknown unknown'],
    ['that offers a public endpoint', { offersPublic: true }, 'public open'],
    ['that does, and was reached and missed', { offersPublic: true, wasReached: true, wasMissed: true }, 'public open'],
    [
      'that does, is missed, and is seen there',
      { offersPublic: true, wasMissed: true, seen: seenAt('203.0.113.9:51820') },
      'endpoint-independent restricted 203.0.113.9:51820',
    ],
    ['that does, is missed, and is seen nowhere', { offersPublic: true, wasMissed: true }, 'unknown unknown'],
    ['that nobody answers', { isUnheard: true }, 'blocked unknown'],
    ['seen by one', { seen: seenAt(OUTSIDE) }, `unknown unknown ${OUTSIDE}`],
    ['seen alike by two', { seen: seenAt(OUTSIDE, OUTSIDE) }, `endpoint-independent unknown ${OUTSIDE}`],
    [
      'seen alike, and reached',
      { seen: seenAt(OUTSIDE, OUTSIDE), wasReached: true },
      `endpoint-independent open ${OUTSIDE}`,
    ],
    ['seen at two ports', { seen: seenAt(OUTSIDE, '198.51.100.1:4002') }, 'endpoint-dependent unknown'],
    ['seen at two addresses', { seen: seenAt(OUTSIDE, '198.51.100.2:4002') }, 'cgnat unknown'],
    [
      'seen on both families',
      { seen: seenAt(OUTSIDE, OUTSIDE, '[2001:db8::1]:4001') },
      `endpoint-independent unknown ${OUTSIDE} [2001:db8::1]:4001`,
    ],
    [
      'seen at its own addresses without offering them',
      { seen: seenAt('203.0.113.9:51820', '[2001:db8::9]:51820') },
      'endpoint-independent unknown 203.0.113.9:51820 [2001:db8::9]:51820',
    ],
    ['seen at two ports on IPv6', { seen: seenAt('[2001:db8::1]:1', '[2001:db8::1]:2') }, 'endpoint-dependent unknown'],
    ['seen, though others do not answer', { seen: seenAt(OUTSIDE), isUnheard: true }, `unknown unknown ${OUTSIDE}`],
  ])('%s', (_what, overrides, expected) => {
    const { nat, filtering, endpoints } = classify(evidence(overrides));
    expect([nat, filtering, ...endpoints].join(' ')).toBe(expected);
  });

  test('the addresses at which it is seen tell who may be on its LAN', () => {
    const { addresses } = classify(evidence({ seen: seenAt('198.51.100.1:1', '198.51.100.1:2', '[2001:db8::1]:3') }));
    expect(addresses).toEqual(['198.51.100.1', '2001:db8::1']);
  });

  test('the order of what was heard changes nothing', () => {
    const endpoints = [OUTSIDE, '[2001:db8::1]:3', '198.51.100.1:2'];
    expect(classify(evidence({ seen: seenAt(...endpoints) }))).toEqual(
      classify(evidence({ seen: seenAt(...endpoints.reverse()) })),
    );
  });
});
