import { sha256Hex } from '#contracts/canonical.js';
import type { InternetResource, TransitResource } from '#contracts/node-stream.js';
import type { Family } from '#ipam/address.js';
import { coveringPrefixes } from './firewall/covering-prefixes.js';
import { OUTSIDE_MARK, THROUGH_MARK } from './firewall/firewall.js';

/**
 * A rule of ours (`ip rule`), in the order in which they are asked. `through`: to our table, what the firewall marks because
 * it only comes by. `outside`: to the main table, always. `near`: the main table, but for its default route. `tunnel`: to our
 * table, what comes out of the tunnel from `from`, or (null) everything but the tunnel's own packets. `unknown`: it has our
 * number and is none of these.
 */
export type RoutingRule =
  | { family: Family; kind: 'through' }
  | { family: Family; kind: 'outside'; to: string }
  | { family: Family; kind: 'near' }
  | { family: Family; kind: 'tunnel'; from: string | null }
  | { family: Family; kind: 'unknown'; priority: number };

/** All traffic through the tunnel, made of rules and a table of our own: the routes that were there are not touched. */
export interface FullTunnel {
  routes: readonly string[];
  rules: readonly RoutingRule[];
}

/** What leads to the tunnel beside the main table. */
interface Ways {
  internet: InternetResource | undefined;
  transits: readonly TransitResource[];
  /** Prefixes of the control plane as this node knows them. */
  outside: readonly string[];
}

export function desiredFullTunnel({ internet, transits, outside }: Ways, ipv6: boolean): FullTunnel {
  const families: readonly Family[] = ipv6 ? [4, 6] : [4];
  const of = (family: Family, list: readonly string[]) => list.filter((each) => each.includes(':') === (family === 6));
  const passed = families.filter((family) => transits.some(({ destinations }) => of(family, destinations).length > 0));
  const through = passed.map((family): RoutingRule => ({ family, kind: 'through' }));
  if (!internet) return { routes: passed.map((family) => EVERYTHING[family]), rules: through };
  const prefixes = coveringPrefixes([...internet.outside, ...outside]);
  const sources = internet.sources && coveringPrefixes(internet.sources);
  return {
    routes: families.map((family) => EVERYTHING[family]),
    rules: families.flatMap((family) => [
      ...through.filter((rule) => rule.family === family),
      ...of(family, prefixes).map((to): RoutingRule => ({ family, kind: 'outside', to })),
      { family, kind: 'near' },
      ...(sources ? of(family, sources) : [null]).map((from): RoutingRule => ({ family, kind: 'tunnel', from })),
    ]),
  };
}

const EVERYTHING = { 4: '0.0.0.0/0', 6: '::/0' } as const;

/**
 * Numbers for one interface, the same whenever they are asked for, and others for another interface: the routing table
 * (0x74xxxxxx), and the priorities of the kinds of rules. Below 32766, where the main table is asked.
 */
export function routingNumbers(interfaceName: string): { table: number; priorities: Record<RuleKind, number> } {
  const hash = parseInt(sha256Hex(interfaceName).slice(0, 6), 16);
  const outside = 20_000 + (hash % 4_000) * 3;
  const priorities = { through: 12_000 + (hash % 4_000), outside, near: outside + 1, tunnel: outside + 2 };
  return { table: 0x7400_0000 + hash, priorities };
}

export type RuleKind = Exclude<RoutingRule['kind'], 'unknown'>;
const RULE_KINDS: readonly RuleKind[] = ['through', 'outside', 'near', 'tunnel'];

/** The kind of our rules that has this priority. */
export function kindAt(priority: number, interfaceName: string): RuleKind | undefined {
  const { priorities } = routingNumbers(interfaceName);
  return RULE_KINDS.find((kind) => priorities[kind] === priority);
}

/** The rest of `ip rule add …` or `ip rule delete …`. */
export function ruleArguments(rule: RoutingRule, interfaceName: string, protocol: number): string {
  const { table, priorities } = routingNumbers(interfaceName);
  const at = (kind: RuleKind) => `priority ${priorities[kind]} protocol ${protocol}`;
  switch (rule.kind) {
    case 'through':
      return `fwmark 0x${THROUGH_MARK.toString(16)} iif ${interfaceName} table ${table} ${at('through')}`;
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
