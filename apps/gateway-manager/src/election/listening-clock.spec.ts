import { expect, test } from '@jest/globals';
import { ListeningClock } from './listening-clock.js';

test('it counts the time between readings, and of a stall half a second', () => {
  let now = 1_000;
  const clock = new ListeningClock(() => now);
  const after = (ms: number) => {
    now += ms;
    return clock.now();
  };
  expect([after(0), after(250), after(500), after(501), after(60_000), after(250)]).toEqual([
    0, 250, 750, 1_250, 1_750, 2_000,
  ]);
});
