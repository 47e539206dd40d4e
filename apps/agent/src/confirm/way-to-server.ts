import type { NodeSet } from '#contracts/node-fold.js';
import type { PeerResource } from '#contracts/node-stream.js';
import { overlaps, parsePrefix } from '#ipam/prefix.js';
import { isInterface, isInternet, isPeer, isRoute } from '#wireguard/core/desired-device.js';

/**
 * Whether two sets may lead to the control plane by different ways: through the mesh or past it, through another peer,
 * with another address of our own.
 *
 * @param controlPlane its addresses, with full prefix length
 */
export function touchesWay(before: NodeSet, after: NodeSet, controlPlane: readonly string[]): boolean {
  return controlPlane.some((address) => wayTo(address, before) !== wayTo(address, after));
}

/** How a set leads to an address, as one text; empty when it leaves it alone. */
function wayTo(address: string, { resources }: NodeSet): string {
  const control = parsePrefix(address);
  const leads = (prefix: string) => overlaps(parsePrefix(prefix), control);
  const all = [...resources.values()];
  const own = all.filter(isInterface);
  const ways = [
    ...all.filter(isInternet),
    ...all.filter(isRoute).filter(({ cidr }) => leads(cidr)),
    ...own.flatMap(({ addresses }) => addresses.filter(leads)),
  ];
  if (ways.length === 0) return '';
  const self = own.map(({ addresses, mtu, key }) => ({ addresses, mtu, key: key?.current }));
  const via = all.filter(isPeer).filter(({ allowedIps }) => allowedIps.some(leads));
  return JSON.stringify([texts(ways), self, texts(via.map(essence))]);
}

const essence = ({ publicKey, endpoint, allowedIps }: PeerResource) => ({ publicKey, endpoint, allowedIps });
const texts = (values: unknown[]) => values.map((value) => JSON.stringify(value)).sort();
