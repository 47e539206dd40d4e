/** Waits until a condition holds; fails after `withinMs`, which only says that it hangs: nothing is measured by it. */
export async function until<T>(what: string, look: () => T | Promise<T>, withinMs = 25_000): Promise<NonNullable<T>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
