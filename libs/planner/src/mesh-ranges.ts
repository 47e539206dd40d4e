import { parsePrefix, type Prefix } from '#ipam/prefix.js';
import type { NetworkInfo } from '#topology/network-state.js';

const known = new WeakMap<NetworkInfo, readonly Prefix[]>();

/** The ranges of a network, read once: for each of 10,000 nodes anew it took more than half of a start. */
export function meshRangesOf(network: NetworkInfo): readonly Prefix[] {
  let ranges = known.get(network);
  if (!ranges) {
    const texts = [network.cidr, network.cidr6].filter((range) => range !== null);
    known.set(network, (ranges = texts.map(parsePrefix)));
  }
  return ranges;
}
