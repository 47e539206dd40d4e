import fc from 'fast-check';
import { SilenceCounter } from './silence.js';

const LONGEST_TICK = 10_000;

describe('SilenceCounter', () => {
  test('counts from the first tick that watches a node', () => {
    const silence = new SilenceCounter(LONGEST_TICK);
    for (const now of [50_000, 55_000, 60_000]) silence.tick(['a'], now, true);
    expect(silence.of('a')).toBe(10_000);
    expect(silence.of('b')).toBe(0);
  });

  test('starts anew when the node is heard', () => {
    const silence = new SilenceCounter(LONGEST_TICK);
    silence.tick(['a', 'b'], 0, true);
    silence.tick(['a', 'b'], 5_000, true);
    silence.hear('a');
    silence.tick(['a', 'b'], 10_000, true);
    expect([silence.of('a'), silence.of('b')]).toEqual([0, 10_000]);
  });

  test('starts anew for everybody after this process slept, or while it could not listen', () => {
    const silence = new SilenceCounter(LONGEST_TICK);
    silence.tick(['a'], 0, true);
    silence.tick(['a'], 9_000, true);
    silence.tick(['a'], 9_000 + 3_600_000, true);
    expect(silence.of('a')).toBe(0);
    silence.tick(['a'], 3_614_000, true);
    expect(silence.of('a')).toBe(5_000);
    silence.tick(['a'], 3_619_000, false);
    expect(silence.of('a')).toBe(0);
  });

  test('forgets nodes that are no longer watched', () => {
    const silence = new SilenceCounter(LONGEST_TICK);
    silence.tick(['a'], 0, true);
    silence.tick([], 5_000, true);
    silence.tick(['a'], 10_000, true);
    expect(silence.of('a')).toBe(0);
  });

  test('never says longer than it has really been since the node was heard', () => {
    const step = fc.record({
      passed: fc.integer({ min: 0, max: 30_000 }),
      heard: fc.boolean(),
      listening: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const silence = new SilenceCounter(LONGEST_TICK);
        let now = 0;
        let lastHeard = 0;
        silence.tick(['a'], now, true);
        for (const { passed, heard, listening } of steps) {
          now += passed;
          if (heard) {
            lastHeard = now - passed / 2;
            silence.hear('a');
          }
          silence.tick(['a'], now, listening);
          expect(silence.of('a')).toBeLessThanOrEqual(now - lastHeard);
        }
      }),
    );
  });
});
