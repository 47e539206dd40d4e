import { Refusal } from '#contracts/errors.js';
import { formatAddress, parseAddress } from '#ipam/address.js';
import { contains, parsePrefix } from '#ipam/prefix.js';
import { translate } from '#ipam/translate.js';
import { crossingRanges, type CrossingRange } from './crossing-ranges.js';
import { clusterOf } from './lookup.js';
import type { NetworkState } from './network-state.js';

/** One address of a cluster from both sides. */
export interface ClusterAddress {
  /** What the cluster's own nodes use. */
  real: string;
  /** What everybody else uses; equal to `real` where nothing is translated. */
  crossing: string;
  translated: boolean;
  range: CrossingRange;
}

/**
 * Finds an address, real or virtual, in a cluster's ranges.
 * @throws Refusal `not_found` for an unknown cluster or an address of none of its ranges, `invalid` for no address
 */
export function translateClusterAddress(state: NetworkState, clusterId: string, text: string): ClusterAddress {
  const cluster = clusterOf(state, clusterId);
  const address = parseAddress(text);
  // Virtual first: no real range of any cluster overlaps one, so at most one of both applies.
  for (const range of crossingRanges(state, cluster)) {
    const real = parsePrefix(range.real);
    const crossing = parsePrefix(range.crossing);
    const from = [crossing, real].find((prefix) => contains(prefix, address));
    if (!from) continue;
    return {
      real: formatAddress(translate(address, from, real)),
      crossing: formatAddress(translate(address, from, crossing)),
      translated: range.real !== range.crossing,
      range,
    };
  }
  throw new Refusal('not_found', `${formatAddress(address)} is in no range of cluster "${cluster.name}"`);
}
