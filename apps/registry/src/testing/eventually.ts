import { setTimeout as pause } from 'node:timers/promises';

/** Asks again until an assertion holds; fails with what it said last. */
export async function eventually(assertion: () => void | Promise<void>, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await pause(10);
    }
  }
}
