import { describe, expect, test } from '@jest/globals';
import { RelayHealth, SETTLE_MS, SILENCE_MS } from './relay-health.js';

/** Listening since long before 0. */
const listening = () => new RelayHealth(-SETTLE_MS);

describe('a relay', () => {
  test('is silent 1.5 s after its last sign of life, if others are heard', () => {
    const health = listening();
    health.heard('r', 0);
    health.heard('s', SILENCE_MS);
    expect([health.isUp('r', SILENCE_MS), health.isUp('r', SILENCE_MS + 1)]).toEqual([true, false]);
  });

  test('is not silent while nobody is heard', () => {
    const health = listening();
    health.heard('r', 0);
    health.heard('s', 10);
    expect(health.isUp('r', 60_000)).toBe(true);
  });

  test('gets time to come back after the broker was away', () => {
    const health = listening();
    health.heard('r', 0);
    health.listenAnew(1000);
    health.heard('s', 1000 + SETTLE_MS);
    expect([health.isUp('r', 999 + SETTLE_MS), health.isUp('r', 1000 + SETTLE_MS)]).toEqual([true, false]);
  });

  test('that was never heard is silent once that is certain', () => {
    const health = listening();
    health.heard('s', 0);
    expect(health.isUp('r', 0)).toBe(false);
  });
});
