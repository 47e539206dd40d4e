import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  allocate,
  emptyPool,
  isFree,
  poolFromJson,
  poolToJson,
  poolUsage,
  release,
  REST_MS,
  take,
  type PoolState,
} from './pool.js';

const START = Date.parse('2026-06-01T12:00:00.000Z');
const hours = (n: number) => new Date(START + n * 3600_000).toISOString();

/** Allocates and holds n addresses. */
function filled(cidr: string, n: number): PoolState {
  let pool = emptyPool(cidr);
  for (let i = 0; i < n; i++) pool = take(pool, allocate(pool, hours(0)));
  return pool;
}

describe('the lowest free address', () => {
  test.each([
    ['10.90.0.0/16', ['10.90.0.1', '10.90.0.2', '10.90.0.3']],
    ['192.168.7.8/30', ['192.168.7.9', '192.168.7.10']],
    ['fd00:90::/64', ['fd00:90::1', 'fd00:90::2', 'fd00:90::3']],
    ['fd00::/32', ['fd00::1', 'fd00::2', 'fd00::3']],
    ['fd00::8/126', ['fd00::9', 'fd00::a', 'fd00::b']],
  ])('%s', (cidr, expected) => {
    let pool = emptyPool(cidr);
    for (const address of expected) {
      expect(allocate(pool, hours(0))).toBe(address);
      pool = take(pool, address);
    }
    expect(poolUsage(pool).held).toBe(expected.length);
  });

  test('crosses the borders of octets', () => {
    expect(allocate(filled('10.90.0.0/16', 255), hours(0))).toBe('10.90.1.0');
  });

  test('a released address rests for a day, then it is the lowest again', () => {
    const pool = release(release(filled('10.90.0.0/24', 5), '10.90.0.4', hours(0)), '10.90.0.2', hours(1));
    expect(allocate(pool, hours(23.99))).toBe('10.90.0.6');
    expect(allocate(pool, hours(24))).toBe('10.90.0.4');
    expect(allocate(pool, hours(25))).toBe('10.90.0.2');
  });

  test('asking holds nothing, and older pools stay as they were', () => {
    const before = emptyPool('10.90.0.0/24');
    const after = take(before, allocate(before, hours(0)));
    release(after, '10.90.0.1', hours(1));
    expect(allocate(before, hours(0))).toBe('10.90.0.1');
    expect(allocate(after, hours(48))).toBe('10.90.0.2');
  });
});

describe('a full range', () => {
  test.each([
    ['10.90.0.0/30', 2],
    ['10.90.0.0/29', 6],
    ['fd00::/126', 3],
  ])('%s holds %i hosts', (cidr, capacity) => {
    const full = filled(cidr, capacity);
    expect(poolUsage(full)).toEqual({ capacity, held: capacity, released: 0 });
    expect(() => allocate(full, hours(0))).toThrow(expect.objectContaining({ code: 'range_exhausted' }));
    expect(() => allocate(full, hours(0))).toThrow(
      `the range ${cidr} has no free address: all ${capacity} are held or resting; remove a node, or make a network with a larger range`,
    );
  });

  test('says when the next address becomes free', () => {
    const resting = release(release(filled('10.90.0.0/30', 2), '10.90.0.2', hours(2)), '10.90.0.1', hours(3));
    expect(() => allocate(resting, hours(4))).toThrow(
      'the range 10.90.0.0/30 has no free address: all 2 are held or resting for a day after release; the next becomes free at 2026-06-02T14:00:00.000Z',
    );
    expect(allocate(resting, hours(26))).toBe('10.90.0.2');
  });
});

describe('facts that no decision makes change nothing', () => {
  test.each(['10.91.0.1', '10.90.0.0', '10.90.0.255', 'fd00::1', 'rubbish', ''])('taking %j', (address) => {
    const pool = filled('10.90.0.0/24', 1);
    expect(poolToJson(take(pool, address))).toEqual(poolToJson(pool));
  });

  test('releasing what is not held, or twice', () => {
    const pool = release(filled('10.90.0.0/24', 2), '10.90.0.1', hours(0));
    expect(release(pool, '10.90.0.1', hours(5))).toBe(pool);
    expect(release(pool, '10.90.0.3', hours(5))).toBe(pool);
  });
});

describe('an address taken by name', () => {
  const pool = take(filled('10.90.0.0/24', 1), '10.90.0.3');
  const fill = (from: PoolState, address: string) => {
    expect(allocate(from, hours(0))).toBe(address);
    return take(from, address);
  };

  test('is passed over by allocation and costs none of those before it', () => {
    expect(poolUsage(pool)).toEqual({ capacity: 254, held: 2, released: 0 });
    expect(poolUsage(fill(fill(pool, '10.90.0.2'), '10.90.0.4'))).toEqual({ capacity: 254, held: 4, released: 0 });
  });

  test.each([
    ['10.90.0.1', false],
    ['10.90.0.2', true],
    ['10.90.0.3', false],
    ['10.90.0.200', true],
    ['10.90.0.255', false],
    ['10.91.0.1', false],
  ])('%s is free: %s', (address, free) => {
    expect(isFree(pool, address, hours(0))).toBe(free);
  });

  test('rests for a day after its release, passed or not', () => {
    const released = release(pool, '10.90.0.3', hours(0));
    const passed = take(released, '10.90.0.2');
    for (const one of [released, passed, poolFromJson(JSON.parse(JSON.stringify(poolToJson(released))))]) {
      expect(isFree(one, '10.90.0.3', hours(23))).toBe(false);
      expect(isFree(one, '10.90.0.3', hours(24))).toBe(true);
      expect(poolUsage(one).released).toBe(1);
    }
    expect(allocate(passed, hours(23))).toBe('10.90.0.4');
    expect(allocate(passed, hours(24))).toBe('10.90.0.3');
  });
});

type Step = { kind: 'take' | 'release'; pick: number; hoursLater: number };

test('over any history: the lowest address that is neither held nor resting, as a plain list would find it', () => {
  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.constantFrom('take', 'release'),
    pick: fc.nat(),
    hoursLater: fc.integer({ min: 0, max: 9 }),
  });
  fc.assert(
    fc.property(fc.constantFrom('10.90.0.0/29', 'fd00::/125'), fc.array(step, { maxLength: 80 }), (cidr, steps) => {
      let pool = emptyPool(cidr);
      const addresses = cidr.includes(':')
        ? [1, 2, 3, 4, 5, 6, 7].map((n) => `fd00::${n}`)
        : [1, 2, 3, 4, 5, 6].map((n) => `10.90.0.${n}`);
      const held: string[] = [];
      const releasedAt = new Map<string, number>();
      let now = 0;
      for (const { kind, pick, hoursLater } of steps) {
        now += hoursLater;
        if (kind === 'release' && held.length) {
          const [address] = held.splice(pick % held.length, 1);
          releasedAt.set(address!, now);
          pool = release(pool, address!, hours(now));
        }
        const free = (address: string) =>
          !held.includes(address) && now - (releasedAt.get(address) ?? -Infinity) >= REST_MS / 3600_000;
        const expected = addresses.find(free);
        if (expected === undefined) {
          expect(() => allocate(pool, hours(now))).toThrow(expect.objectContaining({ code: 'range_exhausted' }));
          continue;
        }
        expect(allocate(pool, hours(now))).toBe(expected);
        if (kind === 'take') {
          pool = take(pool, expected);
          held.push(expected);
        }
        expect(poolUsage(pool).held).toBe(held.length);
        pool = poolFromJson(JSON.parse(JSON.stringify(poolToJson(pool))));
      }
    }),
  );
});
