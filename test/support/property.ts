import fc from 'fast-check';

/**
 * Runs a property on `numRuns` random inputs. A failure prints its seed and the smallest input found; the same inputs come
 * again with TOMBOLO_SEED set to that seed.
 */
export function holds<T>(arbitrary: fc.Arbitrary<T>, numRuns: number, predicate: (input: T) => void): void {
  const seed = process.env.TOMBOLO_SEED;
  fc.assert(fc.property(arbitrary, predicate), { numRuns, ...(seed && { seed: Number(seed) }) });
}
