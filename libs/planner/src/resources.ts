import {
  resourceHash,
  type InterfaceResource,
  type KeyOrder,
  type Resource,
  type RouteResource,
} from '#contracts/node-stream.js';
import { hostPrefix } from '#ipam/prefix.js';
import type { KeyRotation, NetworkInfo, NodeState } from '#topology/network-state.js';
import { sameSite, type Vantage } from './choose-endpoint.js';
import type { Extras } from './gateways/extras.js';
import type { LiveState } from './members.js';
import { type KnownPeer, profileOf } from './node-profile.js';

/** A node's own interface. Keepalive (rule 5) only where others cannot call: no public endpoint. */
export function interfaceResource(state: LiveState, node: NodeState, { forward }: Extras): InterfaceResource {
  const { network } = state;
  return {
    name: 'interface',
    network: network.name,
    node: node.name,
    addresses: node.addresses.map(hostPrefix),
    mtu: network.mtu,
    keepalive: !profileOf(state, node).reachable && network.keepalive > 0 ? network.keepalive : null,
    ...(forward && { forward }),
    ...(node.keyRotation && { key: keyOrder(node.publicKey, node.keyRotation) }),
  };
}

function keyOrder(current: string, rotation: KeyRotation): KeyOrder {
  switch (rotation.step) {
    case 'requested':
      return { current, wanted: rotation.version };
    case 'offered':
      return { current, next: rotation.publicKey };
    case 'done':
      return { current };
    default:
      return rotation satisfies never;
  }
}

const routes = new WeakMap<NetworkInfo, RouteResource[]>();

/** The ranges of the mesh, reached through the interface. */
export function routeResources(network: NetworkInfo): readonly RouteResource[] {
  let known = routes.get(network);
  if (!known) {
    const ranges = [network.cidr, network.cidr6].filter((cidr) => cidr !== null);
    routes.set(network, (known = ranges.map((cidr) => ({ name: `route/${cidr}`, cidr }))));
  }
  return known;
}

/** `to` as it appears in the set of a node that stands at `from` (rule 3), without what else is behind it. */
export function knownPeer(state: LiveState, from: Vantage, to: NodeState): KnownPeer {
  const profile = profileOf(state, to);
  return (sameSite(from, to) ? profile.inside : profile.outside)[from.family];
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
