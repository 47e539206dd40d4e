import { formatPrefix, overlaps, parsePrefix, type Prefix } from '#ipam/prefix.js';

/** The same addresses without a prefix that lies in another: nft refuses a set whose elements overlap. Sorted. */
export function coveringPrefixes(prefixes: readonly string[]): string[] {
  const kept: Prefix[] = [];
  for (const prefix of [...new Set(prefixes)].map(parsePrefix).sort(byPlace)) {
    // Whatever lies in a prefix comes right after it.
    const last = kept.at(-1);
    if (!last || !overlaps(last, prefix)) kept.push(prefix);
  }
  return kept.map(formatPrefix).sort();
}

const byPlace = (a: Prefix, b: Prefix) =>
  a.family - b.family || (a.base < b.base ? -1 : a.base > b.base ? 1 : a.length - b.length);
