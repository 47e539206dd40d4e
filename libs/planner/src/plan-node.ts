import type { Resource } from '#contracts/node-stream.js';
import type { NetworkInfo, NetworkState, NodeState } from '#topology/network-state.js';
import { memberOf, membersOf } from './members.js';
import { profileOf } from './node-profile.js';
import { arePeers } from './permitted.js';
import { byName, interfaceResource, peerResource, routeResources } from './resources.js';

/** Everything one node shall be, sorted by name; empty for a node that is not in the network. Rules: docs/planner.md. */
export function planNode(state: NetworkState, nodeId: string): Resource[] {
  const node = memberOf(state, nodeId);
  if (!state.network || !node) return [];
  const { network } = state;
  const { vantage } = profileOf(network, node);
  const peers = membersOf(state)
    .filter((other) => arePeers(state, node, other))
    .map((other) => peerResource(network, vantage, other));
  return [...ownResources(network, node), ...peers].sort(byName);
}

/** What a node has whoever its peers are. A disabled node keeps its interface, so that enabling it is one change. */
export function ownResources(network: NetworkInfo, node: NodeState): Resource[] {
  const own = interfaceResource(network, node);
  return node.enabled ? [own, ...routeResources(network)] : [own];
}

/** The whole plan from scratch: node id → its set. Slow and simple; what the incremental planner must equal. */
export function planAll(state: NetworkState): Map<string, Resource[]> {
  return new Map(membersOf(state).map(({ nodeId }) => [nodeId, planNode(state, nodeId)]));
}
