import {
  resourceHash,
  type InterfaceResource,
  type PeerResource,
  type Resource,
  type RouteResource,
} from '#contracts/node-stream.js';
import { formatEndpoint } from '#ipam/endpoint-text.js';
import { hostPrefix } from '#ipam/prefix.js';
import type { NetworkInfo, NodeState } from '#topology/network-state.js';
import { chooseEndpoint, type Vantage } from './choose-endpoint.js';
import { profileOf } from './node-profile.js';

/** A node's own interface. Keepalive (rule 5) only where others cannot call: no public endpoint. */
export function interfaceResource(network: NetworkInfo, node: NodeState): InterfaceResource {
  const reachable = profileOf(network, node).endpoints.some(({ kind }) => kind === 'public');
  return {
    name: 'interface',
    network: network.name,
    node: node.name,
    addresses: node.addresses.map(hostPrefix),
    mtu: network.mtu,
    keepalive: !reachable && network.keepalive > 0 ? network.keepalive : null,
  };
}

/** The ranges of the mesh, reached through the interface. */
export function routeResources(network: NetworkInfo): RouteResource[] {
  return [network.cidr, network.cidr6]
    .filter((cidr) => cidr !== null)
    .map((cidr) => ({ name: `route/${cidr}` as const, cidr }));
}

/** `to` as it appears in the set of a node that stands at `from` (rule 3): same body, same object, for all who see it alike. */
export function peerResource(network: NetworkInfo, from: Vantage, to: NodeState): PeerResource {
  const profile = profileOf(network, to);
  const endpoint = chooseEndpoint(from, profile);
  const known = profile.bodies.get(endpoint);
  if (known) return known;

  const body: PeerResource = {
    name: `peer/${to.nodeId}`,
    node: to.name,
    publicKey: to.publicKey,
    allowedIps: to.addresses.map(hostPrefix).sort(),
    endpoint: endpoint && formatEndpoint(endpoint.address, endpoint.port),
  };
  profile.bodies.set(endpoint, body);
  return body;
}

const hashes = new WeakMap<Resource, bigint>();

/** `resourceHash`, worked out once per body. */
export function hashOf(resource: Resource): bigint {
  let hash = hashes.get(resource);
  if (hash === undefined) hashes.set(resource, (hash = resourceHash(resource)));
  return hash;
}

/** Order of resources in every output: by name, in code units. */
export function byName(a: Resource, b: Resource): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
