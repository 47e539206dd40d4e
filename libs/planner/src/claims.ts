import { BITS } from '#ipam/address.js';
import { overlaps, parsePrefix } from '#ipam/prefix.js';

/** A prefix and who says that it is theirs. */
export interface Claim {
  /** Canonical text. */
  prefix: string;
  /** For people. */
  owner: string;
  /** A range that is its owner's by right may hold others' prefixes: the longest wins. */
  rightful?: boolean;
}

/** Pairs of claims of different owners that overlap: WireGuard would give the prefix to whoever came last. */
export function conflicts(claims: readonly Claim[]): [Claim, Claim][] {
  const found: [Claim, Claim][] = [];
  const owners = new Map<string, Claim>();
  const ranges: Claim[] = [];
  for (const claim of claims) {
    const other = owners.get(claim.prefix);
    if (!other) owners.set(claim.prefix, claim);
    else if (other.owner !== claim.owner) found.push([other, claim]);
    if (!claim.rightful && !isHost(claim.prefix)) ranges.push(claim);
  }
  return found.concat(nested(ranges, owners));
}

/** Ranges that hold another claim. There are few ranges; hosts, of which there are many, were compared as text. */
function nested(ranges: readonly Claim[], owners: ReadonlyMap<string, Claim>): [Claim, Claim][] {
  if (ranges.length === 0) return [];
  const all = [...owners.values()].map((claim) => ({ claim, prefix: parsePrefix(claim.prefix) }));
  return ranges.flatMap((range) => {
    const outer = parsePrefix(range.prefix);
    return all
      .filter(({ claim, prefix }) => claim.owner !== range.owner && prefix.length > outer.length)
      .filter(({ prefix }) => overlaps(outer, prefix))
      .map(({ claim }): [Claim, Claim] => [range, claim]);
  });
}

function isHost(prefix: string): boolean {
  return prefix.endsWith(prefix.includes(':') ? `/${BITS[6]}` : `/${BITS[4]}`);
}
