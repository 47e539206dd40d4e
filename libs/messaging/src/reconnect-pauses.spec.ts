import { expect, test } from '@jest/globals';
import { ReconnectPauses } from './reconnect-pauses.js';

const limits = { firstMs: 2_000, longestMs: 7_000 };
const soonest = () => 0;
const latest = () => 1;

function pausesAfterConnecting(random: () => number) {
  const pauses = new ReconnectPauses(limits, random);
  pauses.connected();
  return { pauses, next: (count: number) => Array.from({ length: count }, () => pauses.next()) };
}

test('pauses grow up to the longest, and begin anew after a connection', () => {
  const { pauses, next } = pausesAfterConnecting(latest);
  expect(next(6)).toEqual([2_000, 3_000, 4_500, 6_750, 7_000, 7_000]);
  pauses.connected();
  expect(next(1)).toEqual([2_000]);
});

test('chance spreads those who come back over four fifths of the pause', () => {
  expect(pausesAfterConnecting(soonest).next(3)).toEqual([400, 600, 900]);
});

test('there is none before the first connection', () => {
  expect(new ReconnectPauses(limits, latest).next()).toBe(0);
});

test('who leaves on purpose comes back at once, and waits when that fails', () => {
  const { pauses, next } = pausesAfterConnecting(latest);
  pauses.hurry();
  expect(next(2)).toEqual([0, 3_000]);
});
