import type { RoutingRule } from './full-tunnel.js';
import type { SysctlKey } from './sysctls.js';

/** What the kernel (or wireguard-go) holds, as read back. */
export interface ObservedDevice {
  ifindex: number;
  /** null: no private key set yet. */
  publicKey: string | null;
  listenPort: number;
  /** On the tunnel's own packets; 0: none. */
  fwmark: number;
  mtu: number;
  up: boolean;
  /** All but link-local ones, with prefix length, canonical, sorted. */
  addresses: readonly string[];
  /** Sorted by public key. */
  peers: readonly ObservedPeer[];
  /** Routes of the main table through this interface, whoever made them, but the kernel's own. */
  routes: readonly ObservedRoute[];
  /** Prefixes of the routing table that only a full tunnel has (full-tunnel.ts). */
  tunnelRoutes: readonly string[];
  /** Routing rules of ours. */
  rules: readonly RoutingRule[];
  /** null: there is no table of ours. */
  firewall: ObservedFirewall | null;
  /** null: this kernel has no such setting. */
  sysctls: Readonly<Record<SysctlKey, string | null>>;
  /** Those that we changed and whose former value is kept. */
  changedSysctls: readonly SysctlKey[];
}

export interface ObservedFirewall {
  /** Of the firewall that was written and is still there as it was; null: another hand, or half a write. */
  digest: string | null;
  counters: Counters;
}

/** By the counter's name. */
export type Counters = Record<string, { packets: number; bytes: number }>;

export interface ObservedPeer {
  publicKey: string;
  /** The secret itself is never read. */
  hasPresharedKey: boolean;
  endpoint: string | null;
  /** Canonical, sorted. */
  allowedIps: readonly string[];
  /** Unix seconds by the clock of this machine; 0: never. */
  handshakeAt: number;
  /** Seconds; 0: off. */
  keepalive: number;
}

export interface ObservedRoute {
  cidr: string;
  /** Carries our protocol number. */
  ours: boolean;
}
