import { RateLimiter, sourceOf } from './rate-limiter.js';

describe('RateLimiter', () => {
  let now = 0;
  const limiter = () => new RateLimiter({ burst: 3, perSecond: 0.5 }, () => now);
  beforeEach(() => (now = 0));

  test('admits a burst, then says how long to wait, then admits at the rate', () => {
    const limit = limiter();
    expect([1, 2, 3].map(() => limit.take('a'))).toEqual([0, 0, 0]);
    expect(limit.take('a')).toBe(2);
    now = 1000;
    expect(limit.take('a')).toBe(1);
    now = 2000;
    expect(limit.take('a')).toBe(0);
    expect(limit.take('a')).toBe(2);
  });

  test('counts sources apart and never holds more than a burst', () => {
    const limit = limiter();
    now = 3_600_000;
    expect([1, 2, 3, 4].map(() => limit.take('a'))).toEqual([0, 0, 0, 2]);
    expect(limit.take('b')).toBe(0);
  });

  test('forgets the quietest of too many sources, not the busy one', () => {
    const limit = limiter();
    for (let i = 0; i < 4; i++) limit.take('busy');
    for (let i = 0; i < 9_999; i++) limit.take(`quiet-${i}`);
    expect(limit.take('busy')).toBe(2);
    limit.take('one-more');
    expect(limit.take('busy')).toBe(2);
  });
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:0db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('the source of %s is %s', (address, source) => {
  expect(sourceOf(address)).toBe(source);
});
