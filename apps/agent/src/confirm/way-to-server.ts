import type { NodeSet } from '#contracts/node-fold.js';
import type { PeerResource, Resource } from '#contracts/node-stream.js';
import { readAddress } from '#ipam/address.js';
import { contains, parsePrefix } from '#ipam/prefix.js';
import { isInterface, isInternet, isPeer, isRoute } from '#wireguard/core/desired-device.js';

/**
 * Whether two sets may lead to the control plane by different ways: through the mesh or past it, through another peer,
 * with another address of our own.
 *
 * @param addresses of the control plane, literal; undefined when they are not known: then every way may be its way
 */
export function touchesWay(before: NodeSet, after: NodeSet, addresses: readonly string[] | undefined): boolean {
  return (addresses ?? [undefined]).some((address) => wayOf(before, address) !== wayOf(after, address));
}

/** How a set leads to an address, as one text; empty when it leaves it alone. */
function wayOf({ resources }: NodeSet, address: string | undefined): string {
  const all = [...resources.values()];
  const leads = (prefix: string) => address === undefined || covers(prefix, address);
  const ways = [
    ...all.filter(isInternet),
    ...all.filter(isRoute).filter(({ cidr }) => leads(cidr)),
    ...all.filter(isInterface).flatMap(({ addresses }) => addresses.filter(leads)),
  ];
  if (ways.length === 0) return '';
  const own = all.filter(isInterface).map(({ addresses, mtu, key }) => ({ addresses, mtu, key: key?.current }));
  const via = address === undefined ? [] : all.filter(isPeer).filter((peer) => peer.allowedIps.some(leads));
  return JSON.stringify([ways.map(nameOf).sort(), own, via.map(bodyOf).sort()]);
}

const nameOf = (way: Resource | string) => (typeof way === 'string' ? way : JSON.stringify(way));
const bodyOf = ({ publicKey, endpoint, allowedIps }: PeerResource) => JSON.stringify([publicKey, endpoint, allowedIps]);

function covers(prefix: string, address: string): boolean {
  const read = readAddress(address);
  return read !== undefined && contains(parsePrefix(prefix), read);
}
