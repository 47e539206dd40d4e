/** Runs the work for every item with so many under way at a time; results in the order of the items. */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  await Promise.all(
    Array.from({ length: limit }, async () => {
      for (const [n, item] of queue) results[n] = await work(item);
    }),
  );
  return results;
}
