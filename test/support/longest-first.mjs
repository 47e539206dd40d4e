import TestSequencer from '@jest/test-sequencer';

/** Where files take longest: whole control planes, servers, random histories. */
const LONG = [/\/test\//, /\.int\.spec\.ts$/, /propert(y|ies)\.spec\.ts$/];

/**
 * Order of the test files. In a clean clone jest goes by their size, and what takes a minute and a half may come last, alone on one of
 * the processors.
 */
export default class LongestFirst extends TestSequencer {
  sort(tests) {
    const rank = ({ path }) => LONG.findIndex((pattern) => pattern.test(path)) + 1 || LONG.length + 1;
    // Of equal rank they stay as jest orders them: the longest of earlier runs first, or the largest.
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
}
