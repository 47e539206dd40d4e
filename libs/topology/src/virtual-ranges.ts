import { Refusal } from '#contracts/errors.js';
import type { Family } from '#ipam/address.js';
import { formatPrefix, overlaps, parsePrefix, type Prefix } from '#ipam/prefix.js';
import { lowestFreePrefix } from '#ipam/translate.js';
import { linkedWith } from './crossing-ranges.js';
import { virtualRangeKey } from './gateway-fold.js';
import { clusterOf } from './lookup.js';
import type { NetworkInfo, NetworkState, VirtualRange } from './network-state.js';
import { crossingOwners, overlapping, overlapRefusal, ownersOf, realRanges, type PrefixOwner } from './overlaps.js';

/** Carrier NAT space (RFC 6598), which private networks rarely use, and a unique local /48 (RFC 4193). */
export const DEFAULT_VIRTUAL_POOLS = { 4: '100.64.0.0/10', 6: 'fd64:746f:6d62::/48' } as const;

/** The pool that virtual ranges of a family come from; null: this network has none. */
export function virtualPoolOf(network: Pick<NetworkInfo, 'virtualPool' | 'virtualPool6'>, family: Family) {
  const { virtualPool, virtualPool6 } = network;
  const chosen = family === 4 ? virtualPool : virtualPool6;
  const text = chosen === undefined ? DEFAULT_VIRTUAL_POOLS[family] : chosen;
  return text === null ? null : parsePrefix(text);
}

/** A range that may not cross a link as it is, and the first owner that it meets there. */
export interface Clash {
  mine: PrefixOwner;
  other: PrefixOwner;
}

/**
 * The ranges of a cluster that need a virtual one to be linked with `partners` besides those it is linked with: what
 * packets in the mesh carry must be its alone, and its neighbours must be able to tell it from their own.
 */
export function clashesOf(state: NetworkState, clusterId: string, partners: string[] = []): Clash[] {
  const neighbours = [...new Set([...linkedWith(state, clusterId), ...partners])].sort();
  const others = [
    ...crossingOwners(state).filter(({ kind, id }) => id !== clusterId || kind === 'egress' || kind === 'mesh'),
    ...neighbours.flatMap((id) => realRanges(clusterOf(state, id))),
  ];
  return realRanges(clusterOf(state, clusterId)).flatMap((mine) => {
    if (state.virtualRanges.has(virtualRangeKey({ clusterId, real: formatPrefix(mine.range) }))) return [];
    const other = overlapping(mine.range, others);
    return other ? [{ mine, other }] : [];
  });
}

/**
 * Virtual ranges for these, the lowest that overlap nothing in the network, in this order.
 * @throws Refusal `cidr_overlap` when the pool collides with an owner, `pool_exhausted` when it has no room
 */
export function assignVirtualRanges(state: NetworkState, ranges: readonly PrefixOwner[]): VirtualRange[] {
  const owners = ownersOf(state);
  const taken = owners.map(({ range }) => range);
  return ranges.map(({ id, owner, range }) => {
    const pool = usablePool(state, owners, { owner, range });
    const virtual = lowestFreePrefix(pool, range.length, taken);
    if (!virtual)
      throw new Refusal(
        'pool_exhausted',
        `the virtual pool ${formatPrefix(pool)} has no room for ${formatPrefix(range)} of ${owner}; ${CHANGE_POOL}`,
      );
    taken.push(virtual);
    return { clusterId: id, real: formatPrefix(range), virtual: formatPrefix(virtual) };
  });
}

/**
 * A pool must be nobody's. Its own virtual ranges are no collision, nor are single addresses in it, which are avoided.
 * @throws Refusal `cidr_overlap` naming the pool and the other owner
 */
export function refusePoolCollision(pool: Prefix, owners: readonly PrefixOwner[]): void {
  const other = owners.find(({ kind, range }) => COLLIDES.has(kind) && overlaps(range, pool));
  if (other) throw overlapRefusal({ owner: 'the virtual pool', range: pool }, other, CHANGE_POOL);
}

const COLLIDES = new Set<PrefixOwner['kind']>(['mesh', 'cluster', 'egress']);
const CHANGE_POOL = "set the network's virtual pool to another, larger range";

function usablePool(
  { network }: NetworkState,
  owners: readonly PrefixOwner[],
  { owner, range }: Pick<PrefixOwner, 'owner' | 'range'>,
): Prefix {
  const pool = virtualPoolOf(network ?? {}, range.family);
  if (!pool)
    throw new Refusal(
      'pool_exhausted',
      `${formatPrefix(range)} of ${owner} needs a virtual range, and the network has no IPv${range.family} pool; ${CHANGE_POOL}`,
    );
  refusePoolCollision(pool, owners);
  return pool;
}
