import type { Firewall } from './firewall/firewall.js';
import type { RoutingRule } from './full-tunnel.js';
import type { Counters } from './observed-device.js';
import type { SysctlKey } from './sysctls.js';

/**
 * One step toward the desired device, with why. Reasons are for people and logs: they name nodes and prefixes, never keys.
 * Consecutive steps of one tool become one call (render-commands.ts).
 */
export type Operation = { reason: string } & (
  | { kind: 'private-key' }
  | { kind: 'listen-port'; port: number }
  | PeerSet
  /** Prefixes that their peer loses to nobody. */
  | { kind: 'prefix-drop'; prefixes: readonly string[] }
  | { kind: 'peer-remove'; publicKey: string }
  | { kind: 'address-add'; address: string }
  | { kind: 'mtu'; mtu: number }
  | { kind: 'link-up' }
  /** `replace`: the same prefix goes through this interface already, by a route that is not marked as ours. */
  | { kind: 'route-add'; cidr: string; replace: boolean }
  | { kind: 'route-delete'; cidr: string }
  | { kind: 'address-delete'; address: string }
  /** 0: none. */
  | { kind: 'fwmark'; mark: number }
  /** The whole table in one transaction; counters go on from where they were. */
  | { kind: 'firewall-set'; firewall: Firewall; counters: Counters }
  | { kind: 'firewall-remove' }
  | { kind: 'sysctl-set'; key: SysctlKey; value: string }
  /** Back to the value that was there before ours. */
  | { kind: 'sysctl-restore'; key: SysctlKey }
  | { kind: 'tunnel-route-add'; cidr: string }
  | { kind: 'tunnel-route-delete'; cidr: string }
  | { kind: 'rule-add'; rule: RoutingRule }
  | { kind: 'rule-delete'; rule: RoutingRule }
);

/** Creates or changes a peer; what is absent stays as it is. */
export interface PeerSet {
  kind: 'peer-set';
  publicKey: string;
  /** The whole list; a prefix named here leaves the peer that had it. */
  allowedIps?: readonly string[];
  endpoint?: string;
  keepalive?: number;
  clearPresharedKey?: true;
}
