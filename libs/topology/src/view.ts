import type { NetworkSettings } from '#contracts/facts.js';
import type { Family } from '#ipam/address.js';
import { poolUsage, type PoolState, type PoolUsage } from '#ipam/pool.js';
import { formatPrefix } from '#ipam/prefix.js';
import type { KeyState, NetworkState, NodeState } from './network-state.js';
import type { SourceState, SystemState, TokenState } from './system-fold.js';
import { virtualPoolOf } from './virtual-ranges.js';

/** What the API shows. No secret and no hash of one; `version` is the resource's ETag. */
export interface NetworkView extends Required<NetworkSettings> {
  networkId: string;
  name: string;
  /** Enrolled nodes, disabled ones included. */
  nodes: number;
  /** null where the network has no range of that family. */
  addresses: { v4: PoolUsage | null; v6: PoolUsage | null };
  createdAt: string;
  version: number;
}

export type NodeView = Omit<NodeState, 'controlKey' | 'natsKey' | 'signed' | 'nextSigned'>;
export type EnrolmentKeyView = Omit<KeyState, 'secretHash'>;
export type TokenView = Omit<TokenState, 'secretHash'>;
export interface SourceView extends Omit<SourceState, 'account' | 'networks' | 'publicKey'> {
  /** null: it does not sign. */
  publicKey: string | null;
  /** Those that are still there. */
  networks: { networkId: string; name: string }[];
}

/** @returns undefined when there is no such network (not yet, or no longer) */
export function networkView({ network, nodes, pool4, pool6 }: NetworkState): NetworkView | undefined {
  if (!network) return undefined;
  const usage = (pool: PoolState | null) => pool && poolUsage(pool);
  const virtual = (family: Family) => {
    const pool = virtualPoolOf(network, family);
    return pool && formatPrefix(pool);
  };
  return {
    ...network,
    virtualPool: virtual(4),
    virtualPool6: virtual(6),
    nodes: nodes.size,
    addresses: { v4: usage(pool4), v6: usage(pool6) },
  };
}

export function nodeView(node: NodeState): NodeView {
  const { controlKey: _control, natsKey: _nats, signed: _signed, nextSigned: _nextSigned, ...view } = node;
  return view;
}

export function enrolmentKeyView({ secretHash: _hash, ...view }: KeyState): EnrolmentKeyView {
  return view;
}

export function tokenView({ secretHash: _hash, ...view }: TokenState): TokenView {
  return view;
}

export function sourceView(
  { networks }: SystemState,
  { account: _account, networks: ids, publicKey, ...view }: SourceState,
): SourceView {
  const listed = ids.flatMap((id) => networks.get(id) ?? []).map(({ networkId, name }) => ({ networkId, name }));
  return { ...view, publicKey: publicKey ?? null, networks: listed.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}
