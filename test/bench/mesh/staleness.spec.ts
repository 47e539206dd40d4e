import { expect, test } from '@jest/globals';
import { Staleness } from './staleness.js';

test('a change is news to an agent until it holds that version or a later one', () => {
  const staleness = new Staleness();
  const began = performance.now();
  // Agent 0 learns of both at once, agent 1 of the first alone, agent 2 of nothing.
  staleness.note(0, 5);
  staleness.note(1, 4);
  const sent = { agent: 3, at: began };
  const { told, never, max } = staleness.of(
    [
      { ...sent, version: 5 },
      { ...sent, version: 4 },
    ],
    3,
  );
  expect({ told, never }).toEqual({ told: 3, never: 3 });
  expect(max).toBeLessThan(performance.now() - began + 1);
});

test('to the node that it is about a change is no news', () => {
  const staleness = new Staleness();
  staleness.note(1, 1);
  expect(staleness.of([{ agent: 0, version: 1, at: performance.now() }], 2)).toMatchObject({ told: 1, never: 0 });
});

test('a change is told when all but the node that it is about hold it, or what came after it', () => {
  const staleness = new Staleness();
  staleness.note(0, 3);
  expect(staleness.isTold({ agent: 1, version: 2 }, 2)).toBe(true);
  expect(staleness.isTold({ agent: 0, version: 2 }, 2)).toBe(false);
});

test('ranks are those of all pairs of change and agent', () => {
  const staleness = new Staleness();
  const at = performance.now() - 1_000;
  for (let version = 1; version <= 100; version++) staleness.note(0, version);
  const late = Array.from({ length: 100 }, (_, n) => ({ agent: 1, version: n + 1, at: at - (n === 99 ? 9_000 : 0) }));
  const { p50, p99, max } = staleness.of(late, 1);
  expect(Math.floor(max / 1_000)).toBe(10);
  expect([p50, p99].every((each) => each < 9_000)).toBe(true);
});
