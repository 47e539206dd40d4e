/**
 * When `performance.now()` of this thread was 0, by the clock that all threads of the machine share, milliseconds: in each thread it
 * counts from another moment.
 */
export const threadStart = Number(process.hrtime.bigint()) / 1e6 - performance.now();
