import type { Endpoint } from '#contracts/facts.js';
import type { PeerResource } from '#contracts/node-stream.js';
import { readAddress } from '#ipam/address.js';
import { formatEndpoint } from '#ipam/endpoint-text.js';
import { contains, hostPrefix, parsePrefix } from '#ipam/prefix.js';
import type { NetworkInfo, NodeState } from '#topology/network-state.js';
import { chooseEndpoint, type Target, type Vantage, vantageOf } from './choose-endpoint.js';

/** What the planner derives from one node's state and the ranges of its network. */
export interface NodeProfile {
  vantage: Vantage;
  /** Whether it offers an endpoint that is reachable from anywhere. */
  reachable: boolean;
  /** The node as a peer of those in its site and of all others. Who calls it at the same endpoint gets the same object. */
  inside: Record<Vantage['family'], PeerResource>;
  outside: Record<Vantage['family'], PeerResource>;
}

interface Known {
  cidr: string | null;
  cidr6: string | null;
  profile: NodeProfile;
}

/**
 * Node states never change, so what follows from one is worked out once: at 10,000 nodes a join would otherwise build and
 * hash 10,000 bodies that the others already hold.
 */
const known = new WeakMap<NodeState, Known>();

export function profileOf({ cidr, cidr6 }: NetworkInfo, node: NodeState): NodeProfile {
  let entry = known.get(node);
  if (!entry || entry.cidr !== cidr || entry.cidr6 !== cidr6) {
    entry = { cidr, cidr6, profile: deriveProfile([cidr, cidr6], node) };
    known.set(node, entry);
  }
  return entry.profile;
}

function deriveProfile(ranges: readonly (string | null)[], node: NodeState): NodeProfile {
  const target: Target = { site: node.site, endpoints: usableEndpoints(ranges, node) };
  const bodies = new Map<Endpoint | null, PeerResource>();
  const seenFrom = (site: string | null, family: Vantage['family']): PeerResource => {
    const endpoint = chooseEndpoint({ site, family }, target);
    const body = bodies.get(endpoint) ?? peerBody(node, endpoint);
    bodies.set(endpoint, body);
    return body;
  };
  return {
    vantage: vantageOf(target),
    reachable: target.endpoints.some(({ kind }) => kind === 'public'),
    inside: { 4: seenFrom(node.site, 4), 6: seenFrom(node.site, 6) },
    outside: { 4: seenFrom(null, 4), 6: seenFrom(null, 6) },
  };
}

/** Rule 13: a mesh address never becomes an endpoint, or a tunnel would run inside itself. */
function usableEndpoints(ranges: readonly (string | null)[], node: NodeState): Endpoint[] {
  if (node.endpoints.length === 0) return [];
  const mesh = ranges.filter((range) => range !== null).map(parsePrefix);
  return node.endpoints.filter((endpoint) => {
    const address = readAddress(endpoint.address);
    return address && !mesh.some((range) => contains(range, address));
  });
}

/** Rule 3: a direct peer with its own prefixes. */
function peerBody(
  { nodeId, name, publicKey, keyRotation, addresses }: NodeState,
  endpoint: Endpoint | null,
): PeerResource {
  return {
    name: `peer/${nodeId}`,
    node: name,
    publicKey,
    ...(keyRotation?.step === 'offered' && { nextKey: keyRotation.publicKey }),
    allowedIps: addresses.map(hostPrefix).sort(),
    endpoint: endpoint && formatEndpoint(endpoint.address, endpoint.port),
  };
}
