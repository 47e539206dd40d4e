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
  type?: string;
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

/**
 * Reads `ip -N -json -4|-6 route show dev IF`, whose host routes lack the prefix length. What the kernel made for an
 * address is left out.
 */
export function parseIpRoutes(text: string, family: 4 | 6): ObservedRoute[] {
  return (JSON.parse(text || '[]') as IpRouteEntry[])
    .filter((entry) => entry.protocol !== KERNEL)
    .map((entry) => ({ cidr: canonical(entry.dst, family), ours: entry.protocol === String(ROUTE_PROTOCOL) }));
}

/** RTPROT_KERNEL of linux/rtnetlink.h */
const KERNEL = '2';

function canonical(destination: string, family: 4 | 6): string {
  if (destination === 'default') return family === 4 ? '0.0.0.0/0' : '::/0';
  return destination.includes('/') ? destination : `${destination}/${family === 4 ? 32 : 128}`;
}
