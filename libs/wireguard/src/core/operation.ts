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
