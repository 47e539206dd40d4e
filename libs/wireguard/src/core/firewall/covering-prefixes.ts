import { formatPrefix, overlaps, parsePrefix } from '#ipam/prefix.js';

/** The same addresses without a prefix that lies in another: nft refuses a set whose elements overlap. Sorted. */
export function coveringPrefixes(prefixes: readonly string[]): string[] {
  const widestFirst = [...new Set(prefixes)].map(parsePrefix).sort((a, b) => a.length - b.length);
  const kept: typeof widestFirst = [];
  for (const prefix of widestFirst) if (!kept.some((wider) => overlaps(wider, prefix))) kept.push(prefix);
  return kept.map(formatPrefix).sort();
}
