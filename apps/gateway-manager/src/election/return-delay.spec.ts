import { expect, test } from '@jest/globals';
import { departuresAfter, returnDelay } from './return-delay.js';

const minutes = (count: number) => count * 60_000;

test.each<[string, number[], number]>([
  ['never left', [], 30_000],
  ['left once', [0], 30_000],
  ['left twice', [0, minutes(1)], 60_000],
  ['left four times', [0, 1, 2, 3], 240_000],
  ['left very often', Array.from({ length: 40 }, (_, n) => n), 600_000],
])('%s', (_what, departures, expected) => {
  expect(returnDelay(departures, minutes(2))).toBe(expected);
});

test('after half an hour it is forgotten', () => {
  expect([minutes(30) - 1, minutes(30)].map((now) => returnDelay([0, 0], now))).toEqual([60_000, 30_000]);
  expect(departuresAfter([0, minutes(20)], 'host lost', minutes(30))).toEqual([minutes(20), minutes(30)]);
});

test.each([
  ['host lost', true],
  ['probe failed', true],
  ['handshake stale', true],
  ['created', false],
  ['preferred', false],
  ['drained', false],
  ['member removed', false],
] as const)('%s counts as a departure: %s', (reason, counts) => {
  expect(departuresAfter([], reason, 7)).toEqual(counts ? [7] : []);
});
