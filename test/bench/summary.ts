/** Milliseconds; null where nothing was measured. */
export interface Summary {
  p50: number;
  p99: number;
  max: number;
}

/** Nearest rank: the p99 of 30 values is the largest. */
export function summary(values: number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (share: number) => round(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN);
  return { p50: rank(0.5), p99: rank(0.99), max: rank(1) };
}

/** To three significant digits, and whole numbers from 100 on. */
export function round(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
