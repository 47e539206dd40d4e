import type { Endpoint } from '#contracts/facts.js';

/** Where a node stands when it chooses how to call another. */
export interface Vantage {
  site: string | null;
  /** IP version it tries first. */
  family: 4 | 6;
}

/** What a node offers to those who call it. */
export interface Target {
  site: string | null;
  /** In the order offered; none inside a mesh range (rule 13). */
  endpoints: readonly Endpoint[];
}

/**
 * The endpoint at which `from` calls `to` (rule 2, direct paths only):
 *
 * 1. same site (neither null) and `to` has a LAN endpoint: that one,
 * 2. else its public endpoint,
 * 3. else its LAN endpoint, the best that is known,
 * 4. else null: `to` has to call.
 *
 * Among endpoints of one kind: those of the family that `from` prefers, then the order offered.
 */
export function chooseEndpoint(from: Vantage, to: Target): Endpoint | null {
  const lan = first('lan', from, to);
  return (sameSite(from, to) ? lan : null) ?? first('public', from, to) ?? lan;
}

/** Two nodes whose sites are unknown are not in the same one. */
export function sameSite(a: { site: string | null }, b: { site: string | null }): boolean {
  return a.site !== null && a.site === b.site;
}

/** Where a node that offers these endpoints stands: IPv6 first only if it offers nothing but IPv6, else IPv4 first. */
export function vantageOf({ site, endpoints }: Target): Vantage {
  return { site, family: endpoints.length > 0 && endpoints.every((own) => familyOf(own) === 6) ? 6 : 4 };
}

function first(kind: Endpoint['kind'], from: Vantage, to: Target): Endpoint | null {
  const ofKind = to.endpoints.filter((offered) => offered.kind === kind);
  return ofKind.find((offered) => familyOf(offered) === from.family) ?? ofKind[0] ?? null;
}

function familyOf({ address }: Endpoint): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}
