import type { PeerResource, Resource } from '#contracts/node-stream.js';
import { hostPrefix } from '#ipam/prefix.js';
import type { NetworkState, NodeState } from '#topology/network-state.js';
import { bodyViolations, ownerOf, pairViolation, peerId } from './check-peer.js';
import { carriedBy } from './carried.js';
import { clientsServedBy, clientViolations } from './check-client.js';
import { type Claim, conflicts } from './claims.js';
import { isLive, type LiveState, memberOf, membersOf } from './members.js';
import { arePeers } from './permitted.js';
import { label, labelOf, type Violation } from './violation.js';

/**
 * Which invariants of docs/planner.md the set of one node breaks; empty when it breaks none. For use before a whole set
 * is published: O(nodes), a few milliseconds at 10,000.
 */
export function checkNode(state: NetworkState, nodeId: string, resources: readonly Resource[]): Violation[] {
  const node = memberOf(state, nodeId);
  if (!isLive(state) || !node)
    return resources.length === 0
      ? []
      : [{ code: 'unknown_node', nodeId, message: `a set is planned for ${labelOf(state, nodeId)}` }];
  const peers = resources.filter(isPeer);
  return [
    ...duplicateNames(node, resources),
    ...interfaceViolations(state, node, resources),
    ...peers.flatMap((peer) => peerViolations(state, node, peer)),
    ...missingPeers(state, node, peers),
    ...missingClients(state, node, peers),
    ...prefixConflicts(state, node, peers),
  ];
}

export function isPeer(resource: Resource): resource is PeerResource {
  return resource.name.startsWith('peer/');
}

function duplicateNames(node: NodeState, resources: readonly Resource[]): Violation[] {
  const seen = new Set<string>();
  return resources
    .filter(({ name }) => seen.size === seen.add(name).size)
    .map(({ name }) => ({
      code: 'duplicate_name',
      nodeId: node.nodeId,
      message: `${label(node)} has ${name} more than once`,
    }));
}

function interfaceViolations(state: LiveState, node: NodeState, resources: readonly Resource[]): Violation[] {
  const { nodeId } = node;
  const own = resources.find((resource) => resource.name === 'interface');
  if (!own) return [{ code: 'missing_interface', nodeId, message: `${label(node)} has no interface` }];
  const addresses = node.addresses.map(hostPrefix);
  return own.addresses
    .filter((prefix) => !addresses.includes(prefix))
    .map((prefix) => ({
      code: 'foreign_prefix',
      nodeId,
      message: `${label(node)} has ${prefix} on its interface, which belongs to ${ownerOf(state, prefix)}`,
    }));
}

function peerViolations(state: LiveState, holder: NodeState, peer: PeerResource): Violation[] {
  const other = memberOf(state, peerId(peer));
  const client = state.clients.get(peerId(peer));
  if (client) return clientViolations(state, holder, { peer, client });
  if (!other) {
    const message = `${label(holder)} has peer ${peer.node}: ${labelOf(state, peerId(peer))}`;
    return [{ code: 'unknown_node', nodeId: holder.nodeId, message }];
  }
  const pair = pairViolation(state, holder, other);
  return pair ? [pair] : bodyViolations(state, holder, { peer, other });
}

function missingPeers(state: LiveState, node: NodeState, peers: readonly PeerResource[]): Violation[] {
  const held = new Set(peers.map(peerId));
  return membersOf(state)
    .filter((other) => !held.has(other.nodeId) && arePeers(state, node, other))
    .map((other) => ({
      code: 'missing_peer',
      nodeId: node.nodeId,
      message: `${label(node)} lacks peer ${label(other)}, which policy permits`,
    }));
}

function missingClients(state: LiveState, node: NodeState, peers: readonly PeerResource[]): Violation[] {
  return clientsServedBy(state, node)
    .filter(({ clientId }) => !peers.some((peer) => peerId(peer) === clientId))
    .map((client) => ({
      code: 'missing_peer',
      nodeId: node.nodeId,
      message: `${label(node)} lacks client ${client.name}, whose gateway it serves`,
    }));
}

function prefixConflicts(state: LiveState, node: NodeState, peers: readonly PeerResource[]): Violation[] {
  const carried = carriedBy(state);
  const claims: Claim[] = node.addresses.map((address) => ({ prefix: hostPrefix(address), owner: node.nodeId }));
  for (const peer of peers) {
    const owner = peerId(peer);
    const theirs = carried.get(owner);
    for (const prefix of peer.allowedIps) claims.push({ prefix, owner, rightful: theirs?.has(prefix) });
  }
  return conflicts(claims).map(([a, b]) => ({
    code: 'prefix_conflict',
    nodeId: node.nodeId,
    message: `at ${label(node)}, ${a.prefix} of ${labelOf(state, a.owner)} overlaps ${b.prefix} of ${labelOf(state, b.owner)}`,
  }));
}
