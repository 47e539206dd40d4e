import { sha256Hex } from '#contracts/canonical.js';
import type { InternetResource } from '#contracts/node-stream.js';
import type { Family } from '#ipam/address.js';
import { coveringPrefixes } from './firewall/covering-prefixes.js';
import { OUTSIDE_MARK } from './firewall/firewall.js';

/**
 * A rule of ours (`ip rule`), in the order in which they are asked. `outside`: to the main table, always. `near`: the main
 * table, but for its default route. `tunnel`: to our table, what comes out of the tunnel from `from`, or (null) everything but
 * the tunnel's own packets. `unknown`: it has our number and is none of these.
 */
export type RoutingRule =
  | { family: Family; kind: 'outside'; to: string }
  | { family: Family; kind: 'near' }
  | { family: Family; kind: 'tunnel'; from: string | null }
  | { family: Family; kind: 'unknown'; priority: number };

/** All traffic through the tunnel, made of rules and a table of our own: the routes that were there are not touched. */
export interface FullTunnel {
  routes: readonly string[];
  rules: readonly RoutingRule[];
}

/** @param outside prefixes of the control plane as this node knows them */
export function desiredFullTunnel(
  internet: InternetResource | undefined,
  outside: readonly string[],
  ipv6: boolean,
): FullTunnel {
  if (!internet) return { routes: [], rules: [] };
  const families: readonly Family[] = ipv6 ? [4, 6] : [4];
  const prefixes = coveringPrefixes([...internet.outside, ...outside]);
  const of = (family: Family, list: readonly string[]) => list.filter((each) => each.includes(':') === (family === 6));
  const sources = internet.sources && coveringPrefixes(internet.sources);
  return {
    routes: families.map((family) => EVERYTHING[family]),
    rules: families.flatMap((family) => [
      ...of(family, prefixes).map((to): RoutingRule => ({ family, kind: 'outside', to })),
      { family, kind: 'near' },
      ...(sources ? of(family, sources) : [null]).map((from): RoutingRule => ({ family, kind: 'tunnel', from })),
    ]),
  };
}

const EVERYTHING = { 4: '0.0.0.0/0', 6: '::/0' } as const;

/**
 * Numbers for one interface, the same whenever they are asked for, and others for another interface: the routing table
 * (0x74xxxxxx), and the priority of the first kind of rule; the two others follow. Below 32766, where the main table is asked.
 */
export function routingNumbers(interfaceName: string): { table: number; priority: number } {
  const hash = parseInt(sha256Hex(interfaceName).slice(0, 6), 16);
  return { table: 0x7400_0000 + hash, priority: 20_000 + (hash % 4_000) * 3 };
}

/** Order of the kinds, as offsets of the priority. */
export const RULE_ORDER = ['outside', 'near', 'tunnel'] as const;

/** The rest of `ip rule add …` or `ip rule delete …`. */
export function ruleArguments(rule: RoutingRule, interfaceName: string, protocol: number): string {
  const { table, priority } = routingNumbers(interfaceName);
  const at = (kind: (typeof RULE_ORDER)[number]) =>
    `priority ${priority + RULE_ORDER.indexOf(kind)} protocol ${protocol}`;
  switch (rule.kind) {
    case 'outside':
      return `to ${rule.to} table 254 ${at('outside')}`;
    case 'near':
      return `table 254 suppress_prefixlength 0 ${at('near')}`;
    case 'tunnel': {
      const what =
        rule.from === null ? `not fwmark 0x${OUTSIDE_MARK.toString(16)}` : `from ${rule.from} iif ${interfaceName}`;
      return `${what} table ${table} ${at('tunnel')}`;
    }
    case 'unknown':
      return `priority ${rule.priority} protocol ${protocol}`;
    default:
      return rule satisfies never;
  }
}

export function ruleText(rule: RoutingRule): string {
  const which =
    rule.kind === 'outside' ? ` ${rule.to}` : rule.kind === 'tunnel' && rule.from ? ` from ${rule.from}` : '';
  return `${rule.kind}${which} (IPv${rule.family})`;
}
