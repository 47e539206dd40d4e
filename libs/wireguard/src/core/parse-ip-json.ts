import type { Family } from '#ipam/address.js';
import { OUTSIDE_MARK, THROUGH_MARK } from './firewall/firewall.js';
import { kindAt, routingNumbers, type RoutingRule } from './full-tunnel.js';
import type { ObservedRoute } from './observed-device.js';
import { ROUTE_PROTOCOL } from './protocol.js';

export interface IpLink {
  ifindex: number;
  mtu: number;
  up: boolean;
  /** `wireguard`, `tun`, …; null for a plain device. */
  kind: string | null;
  /** As in `ObservedDevice`. */
  addresses: string[];
}

interface IpAddrEntry {
  ifindex: number;
  mtu: number;
  flags: string[];
  linkinfo?: { info_kind?: string };
  addr_info?: { local: string; prefixlen: number; scope: string }[];
}

interface IpRouteEntry {
  dst: string;
  protocol: string;
  table?: string;
}

/** Reads `ip -json -details address show dev IF`. @returns undefined when it names no device */
export function parseIpAddress(text: string): IpLink | undefined {
  const entry = (JSON.parse(text || '[]') as Partial<IpAddrEntry>[]).find((each) => each.ifindex !== undefined);
  if (!entry) return undefined;
  const { ifindex = 0, mtu = 0, flags = [], linkinfo, addr_info = [] } = entry;
  return {
    ifindex,
    mtu,
    up: flags.includes('UP'),
    kind: linkinfo?.info_kind ?? null,
    addresses: addr_info
      .filter((address) => address.scope !== 'link')
      .map((address) => `${address.local}/${address.prefixlen}`)
      .sort(),
  };
}

/** Routes through one interface, of one family. */
export interface IpRoutes {
  /** Of the main table. */
  routes: ObservedRoute[];
  /** Of the table of our own. */
  tunnelRoutes: string[];
}

/**
 * Reads `ip -N -json -4|-6 route show table all dev IF`, whose host routes lack the prefix length, and those of the main
 * table the table. What the kernel made for an address is left out.
 */
export function parseIpRoutes(text: string, family: Family, table: number): IpRoutes {
  const made = (JSON.parse(text || '[]') as IpRouteEntry[]).filter((entry) => entry.protocol !== KERNEL);
  const of = (number: number) => made.filter((entry) => (entry.table ?? MAIN) === String(number));
  return {
    routes: of(Number(MAIN)).map((entry) => ({
      cidr: canonical(entry.dst, family),
      ours: entry.protocol === String(ROUTE_PROTOCOL),
    })),
    tunnelRoutes: of(table).map((entry) => canonical(entry.dst, family)),
  };
}

/** Reads `ip -N -json -4|-6 rule show`. @returns those with our protocol number and priorities */
export function parseIpRules(text: string, family: Family, interfaceName: string): RoutingRule[] {
  return (JSON.parse(text || '[]') as IpRuleEntry[])
    .filter((entry) => entry.protocol === String(ROUTE_PROTOCOL) && kindAt(entry.priority, interfaceName))
    .map((entry) => knownRule(entry, family, interfaceName) ?? { family, kind: 'unknown', priority: entry.priority });
}

/** The rule that, asked for, would look like this. */
function knownRule(entry: IpRuleEntry, family: Family, interfaceName: string): RoutingRule | undefined {
  const { table } = routingNumbers(interfaceName);
  const prefix = (address: string, length?: number) =>
    canonical(length === undefined ? address : `${address}/${length}`, family);
  const kind = kindAt(entry.priority, interfaceName);
  const { src = 'all', srclen, dst, dstlen } = entry;
  const looks = (like: Omit<IpRuleEntry, 'priority' | 'protocol'>) => {
    const { priority: _p, protocol: _r, ...rest } = { src, ...entry };
    return JSON.stringify(Object.entries(rest).sort()) === JSON.stringify(Object.entries({ src, ...like }).sort());
  };
  if (kind === 'through') {
    const like = { fwmark: `0x${THROUGH_MARK.toString(16)}`, iif: interfaceName, table: String(table) };
    return src === 'all' && looks(like) ? { family, kind } : undefined;
  }
  if (kind === 'outside' && dst !== undefined && src === 'all') {
    const like = { dst, ...(dstlen !== undefined && { dstlen }), table: MAIN };
    return looks(like) ? { family, kind, to: prefix(dst, dstlen) } : undefined;
  }
  if (kind === 'near') return looks({ src: 'all', table: MAIN, suppress_prefixlen: 0 }) ? { family, kind } : undefined;
  if (kind !== 'tunnel') return undefined;
  if (looks({ src: 'all', not: null, fwmark: `0x${OUTSIDE_MARK.toString(16)}`, table: String(table) }))
    return { family, kind, from: null };
  const like = { ...(srclen !== undefined && { srclen }), iif: interfaceName, table: String(table) };
  return src !== 'all' && looks(like) ? { family, kind, from: prefix(src, srclen) } : undefined;
}

interface IpRuleEntry {
  priority: number;
  protocol?: string;
  src?: string;
  srclen?: number;
  iif?: string;
  dst?: string;
  dstlen?: number;
  table?: string;
  /** Present, and null, when the rule is turned round. */
  not?: null;
  fwmark?: string;
  suppress_prefixlen?: number;
}

/** RT_TABLE_MAIN of linux/rtnetlink.h */
const MAIN = '254';
/** RTPROT_KERNEL of linux/rtnetlink.h */
const KERNEL = '2';

function canonical(destination: string, family: 4 | 6): string {
  if (destination === 'default') return family === 4 ? '0.0.0.0/0' : '::/0';
  return destination.includes('/') ? destination : `${destination}/${family === 4 ? 32 : 128}`;
}
