import type { NetworkSettings } from '#contracts/facts.js';
import { formatPrefix, parsePrefix } from '#ipam/prefix.js';
import type { NetworkState } from '#topology/network-state.js';
import { ownersOf } from '#topology/overlaps.js';
import { refusePoolCollision } from '#topology/virtual-ranges.js';
import { Refusal, type FieldError } from '#contracts/errors.js';
import { inField, oneOfErrors, wholeNumberErrors } from '#topology/fields.js';

/** What may be changed while nodes are in the network. */
export type NetworkTuning = Partial<Pick<NetworkSettings, 'mtu' | 'keepalive' | 'defaultPolicy'>>;

/** 1280 is the least that IPv6 may have (RFC 8200 §5); 9000 is a jumbo frame. */
const MTU = [1280, 9000] as const;
/** What WireGuard's 16-bit field holds; 0: off. */
const KEEPALIVE = [0, 65535] as const;

export function settingErrors({ mtu, keepalive, defaultPolicy }: NetworkTuning): FieldError[] {
  return [
    ...wholeNumberErrors('mtu', mtu, MTU),
    ...wholeNumberErrors('keepalive', keepalive, KEEPALIVE),
    ...oneOfErrors('defaultPolicy', defaultPolicy, ['allow', 'deny']),
  ];
}

/** Where virtual ranges come from, one per family; null or `none`: none; left out: as it is, at first the default. */
export interface PoolWishes {
  virtualPool?: string | null;
  virtualPool6?: string | null;
}

/** Canonical, null for none. @throws Refusal `cidr_invalid` */
export function virtualPools({ virtualPool, virtualPool6 }: PoolWishes) {
  return {
    ...(virtualPool !== undefined && { virtualPool: inField('virtualPool', () => poolOf(virtualPool, 4)) }),
    ...(virtualPool6 !== undefined && { virtualPool6: inField('virtualPool6', () => poolOf(virtualPool6, 6)) }),
  };
}

/** @throws Refusal `cidr_overlap` naming the pool and whose range it meets in the network as it will be */
export function refusePoolCollisions(after: NetworkState, pools: ReturnType<typeof virtualPools>): void {
  for (const pool of [pools.virtualPool, pools.virtualPool6]) {
    if (typeof pool === 'string') refusePoolCollision(parsePrefix(pool), ownersOf(after));
  }
}

function poolOf(text: string | null, family: 4 | 6): string | null {
  if (text === null || text === 'none') return null;
  const pool = parsePrefix(text);
  if (pool.family !== family || pool.length === 0)
    throw new Refusal('cidr_invalid', `${text} is no IPv${family} pool; name an IPv${family} range, or none`);
  return formatPrefix(pool);
}
