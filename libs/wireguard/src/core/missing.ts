/** What is in the first list and not in the second, once each. */
export function missing(wanted: readonly string[], present: readonly string[]): string[] {
  const held = new Set(present);
  return [...new Set(wanted)].filter((each) => !held.has(each));
}
