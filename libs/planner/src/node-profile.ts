import type { Endpoint } from '#contracts/facts.js';
import type { PeerResource, RouteResource } from '#contracts/node-stream.js';
import { readAddress } from '#ipam/address.js';
import { formatEndpoint } from '#ipam/endpoint-text.js';
import { contains, hostPrefix, type Prefix } from '#ipam/prefix.js';
import type { NodeState } from '#topology/network-state.js';
import { chooseEndpoint, type Target, type Vantage, vantageOf } from './choose-endpoint.js';
import { mayLeadThrough, routeTo } from './extended-peer.js';
import { flatPodsOf } from './flat-pods.js';
import type { LiveState } from './members.js';
import { meshRangesOf } from './mesh-ranges.js';
import { signatureOf } from './resources.js';

/** What the planner derives from one node's state, the pods it is known by and the ranges of its network. */
export interface NodeProfile {
  vantage: Vantage;
  /** Whether it offers an endpoint that is reachable from anywhere. */
  reachable: boolean;
  /** The node as a peer of those in its site and of all others. Who calls it at the same endpoint gets the same object. */
  inside: Record<Vantage['family'], KnownPeer>;
  outside: Record<Vantage['family'], KnownPeer>;
  /** The node as a peer of those who reach it in another way than by what it offers. */
  over(way: Way): KnownPeer;
}

/** Another way to a node than by what it offers. */
export interface Way {
  endpoint: string | null;
  keepalive?: number;
  via?: string;
  /** Where that relay is called. */
  through?: readonly string[];
  trial?: true;
}

/** A node by its own prefixes, and the ways to its pods: its addresses are in the range that every node has a route to. */
export interface KnownPeer {
  peer: PeerResource;
  routes: readonly RouteResource[];
  /** Where packets for it may be sent to: a range that holds one of these does not lead there. */
  calledAt: readonly string[];
}

interface Known {
  pods: readonly string[] | undefined;
  cidr: string | null;
  cidr6: string | null;
  profile: NodeProfile;
}

/**
 * Node states never change, so what follows from one is worked out once: at 10,000 nodes a join would otherwise build and
 * hash 10,000 bodies that the others already hold.
 */
const known = new WeakMap<NodeState, Known>();

export function profileOf(state: LiveState, node: NodeState): NodeProfile {
  const { cidr, cidr6 } = state.network;
  const pods = flatPodsOf(state).get(node.nodeId);
  let entry = known.get(node);
  if (!entry || entry.cidr !== cidr || entry.cidr6 !== cidr6 || entry.pods !== pods) {
    const profile = deriveProfile({ mesh: meshRangesOf(state.network), pods: pods ?? [] }, node);
    known.set(node, (entry = { pods, cidr, cidr6, profile }));
  }
  return entry.profile;
}

interface Prefixes {
  /** Ranges of the mesh. */
  mesh: readonly Prefix[];
  /** Of the node's flat pods. */
  pods: readonly string[];
}

function deriveProfile({ mesh, pods }: Prefixes, node: NodeState): NodeProfile {
  const target: Target = { site: node.site, endpoints: usableEndpoints(mesh, node) };
  const peers = new Map<string, KnownPeer>();
  const over = (way: Way): KnownPeer => {
    const key = `${way.endpoint} ${way.keepalive} ${way.via} ${way.trial} ${way.through?.join()}`;
    const peer = peers.get(key) ?? knownPeer(node, pods, way);
    peers.set(key, peer);
    return peer;
  };
  const seenFrom = (site: string | null, family: Vantage['family']): KnownPeer => {
    const at = chooseEndpoint({ site, family }, target);
    return over({ endpoint: at && formatEndpoint(at.address, at.port) });
  };
  return {
    vantage: vantageOf(target),
    reachable: target.endpoints.some(({ kind }) => kind === 'public'),
    inside: { 4: seenFrom(node.site, 4), 6: seenFrom(node.site, 6) },
    outside: { 4: seenFrom(null, 4), 6: seenFrom(null, 6) },
    over,
  };
}

/** Rule 13: a mesh address never becomes an endpoint, or a tunnel would run inside itself. */
function usableEndpoints(mesh: readonly Prefix[], node: NodeState): Endpoint[] {
  return node.endpoints.filter((endpoint) => {
    const address = readAddress(endpoint.address);
    return address && !mesh.some((range) => contains(range, address));
  });
}

/** Rule 3: a peer with its own prefixes, flat pods among them. */
function knownPeer(
  { nodeId, name, publicKey, keyRotation, addresses, signed, nextSigned }: NodeState,
  pods: readonly string[],
  way: Way,
): KnownPeer {
  const { through = [], ...seen } = way;
  const calledAt = way.endpoint === null ? through : [way.endpoint, ...through];
  const reached = pods.filter((range) => mayLeadThrough(calledAt, range));
  const peer: PeerResource = {
    name: `peer/${nodeId}`,
    node: name,
    publicKey,
    ...(keyRotation?.step === 'offered' && { nextKey: keyRotation.publicKey }),
    allowedIps: [...addresses.map(hostPrefix), ...reached].sort(),
    ...seen,
    ...(signed && { signed: { addresses, ...signatureOf(signed) } }),
    ...(nextSigned && { nextSigned: signatureOf(nextSigned) }),
  };
  return { peer, routes: reached.map(routeTo), calledAt };
}
