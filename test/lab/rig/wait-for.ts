import { setTimeout as pause } from 'node:timers/promises';

export interface Wait {
  /** Completes the sentence "timed out waiting for …". */
  what: string;
  /** Milliseconds; 10 s unless told. */
  timeout?: number;
  /** Milliseconds between two looks. */
  every?: number;
}

/** How much longer than usual everything takes: an emulated machine sets it. */
const SLOWNESS = Number(process.env.TOMBOLO_LAB_SLOWNESS ?? 1);

/**
 * Looks again and again until the condition holds and answers its value. A condition does not hold while it is false,
 * null or undefined, or throws; the last such outcome is part of the failure's text.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { what, timeout = 10_000, every = 50 }: Wait,
): Promise<NonNullable<T>> {
  const start = performance.now();
  const patience = timeout * SLOWNESS;
  for (;;) {
    let last: unknown;
    try {
      const value = await condition();
      if (value !== false && value !== null && value !== undefined) return value;
      last = value;
    } catch (error) {
      last = error instanceof Error ? error.message : error;
    }
    if (performance.now() - start > patience)
      throw new Error(`timed out after ${patience / 1000} s waiting for ${what}; last seen: ${String(last)}`);
    await pause(every * SLOWNESS); // looking costs time as well
  }
}
