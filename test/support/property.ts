import fc from 'fast-check';

/**
 * Runs a property on `numRuns` random inputs. A failure prints its seed and the smallest input found; the same inputs come
 * again with TOMBOLO_SEED set to that seed.
 */
export function holds<T>(arbitrary: fc.Arbitrary<T>, numRuns: number, predicate: (input: T) => void): void {
  fc.assert(fc.property(arbitrary, predicate), { numRuns, ...seed() });
}

/** Looking for a smaller input ends after this long, so that the runner's own limit does not end it without a word. */
const TIME_LIMIT_MS = 180_000;

/** The same for what takes time; the test's own limit has to be longer than three minutes. */
export function holdsLater<T>(
  arbitrary: fc.Arbitrary<T>,
  numRuns: number,
  predicate: (input: T) => Promise<void>,
): Promise<void> {
  return fc.assert(fc.asyncProperty(arbitrary, predicate), {
    numRuns,
    interruptAfterTimeLimit: TIME_LIMIT_MS,
    markInterruptAsFailure: true,
    ...seed(),
  });
}

function seed(): { seed?: number } {
  const given = process.env.TOMBOLO_SEED;
  return given ? { seed: Number(given) } : {};
}
