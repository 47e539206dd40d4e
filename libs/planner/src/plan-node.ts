import type { Resource } from '#contracts/node-stream.js';
import type { NetworkState, NodeState } from '#topology/network-state.js';
import { extendedPeer } from './extended-peer.js';
import { extrasOf } from './gateways/extras.js';
import type { Extras } from './gateways/own-extras.js';
import { isLive, type LiveState, memberOf, membersOf } from './members.js';
import { arePeers } from './permitted.js';
import { peerSeenBy } from './paths/peer-seen.js';
import { relayResources } from './paths/relay-resources.js';
import { byName, interfaceResource, lockResources, routeResources } from './resources.js';

/** Everything one node shall be, sorted by name; empty for a node that is not in the network. Rules: docs/planner.md. */
export function planNode(state: NetworkState, nodeId: string): Resource[] {
  const node = memberOf(state, nodeId);
  if (!isLive(state) || !node) return [];
  return [...ownResources(state, node), ...resourcesOver(state, node, membersOf(state))].sort(byName);
}

/** What a node has whoever its peers are. A disabled node keeps its interface, so that enabling it is one change. */
export function ownResources(state: LiveState, node: NodeState): Resource[] {
  const extras = extrasOf(state, node);
  const own = [interfaceResource(state, node, extras), ...lockResources(state)];
  if (!node.enabled) return own;
  return [...own, ...routeResources(state.network), ...relayResources(state, node), ...extras.resources];
}

/** What a node has because of some of the others: each as a peer, and the ways to what is behind them. */
export function resourcesOver(state: LiveState, node: NodeState, others: Iterable<NodeState>): Resource[] {
  const { behind }: Extras = extrasOf(state, node);
  const resources: Resource[] = [];
  for (const other of others) {
    if (!arePeers(state, node, other)) continue;
    const known = peerSeenBy(state, node, other);
    const more = behind.get(other.nodeId);
    const extended = more && extendedPeer(known, more);
    resources.push(extended?.peer ?? known.peer, ...known.routes);
    if (extended) resources.push(...extended.routes);
  }
  return resources;
}

/** The whole plan from scratch: node id → its set. Slow and simple; what the incremental planner must equal. */
export function planAll(state: NetworkState): Map<string, Resource[]> {
  return new Map(membersOf(state).map(({ nodeId }) => [nodeId, planNode(state, nodeId)]));
}
