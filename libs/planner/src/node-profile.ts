import type { Endpoint } from '#contracts/facts.js';
import type { PeerResource } from '#contracts/node-stream.js';
import { readAddress } from '#ipam/address.js';
import { contains, parsePrefix } from '#ipam/prefix.js';
import type { NetworkInfo, NodeState } from '#topology/network-state.js';
import { vantageOf, type Target, type Vantage } from './choose-endpoint.js';

/** What the planner derives from one node's state alone. */
export interface NodeProfile extends Target {
  vantage: Vantage;
  /** This node as a peer, one body per endpoint it can be called at: everybody who sees it alike shares the object. */
  bodies: Map<Endpoint | null, PeerResource>;
}

/**
 * Node states never change, so what follows from one is worked out once: at 10,000 nodes a join would otherwise build and
 * hash 10,000 bodies that the others already hold. Ranges are kept with it because they count too.
 */
const known = new WeakMap<NodeState, NodeProfile & { ranges: string }>();

export function profileOf(network: NetworkInfo, node: NodeState): NodeProfile {
  const ranges = `${network.cidr} ${network.cidr6}`;
  const profile = known.get(node);
  if (profile?.ranges === ranges) return profile;

  const target = { site: node.site, endpoints: usableEndpoints(network, node) };
  const fresh = { ...target, ranges, vantage: vantageOf(target), bodies: new Map() };
  known.set(node, fresh);
  return fresh;
}

/** Rule 13: a mesh address never becomes an endpoint, or a tunnel would run inside itself. */
function usableEndpoints({ cidr, cidr6 }: NetworkInfo, node: NodeState): Endpoint[] {
  const ranges = [cidr, cidr6].filter((range) => range !== null).map(parsePrefix);
  return node.endpoints.filter((endpoint) => {
    const address = readAddress(endpoint.address);
    return address && !ranges.some((range) => contains(range, address));
  });
}
