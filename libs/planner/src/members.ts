import type { NetworkInfo, NetworkState, NodeState } from '#topology/network-state.js';

/** The state of a network that exists. */
export type LiveState = NetworkState & { network: NetworkInfo };

export function isLive(state: NetworkState): state is LiveState {
  return state.network !== null;
}

const sorted = new WeakMap<NetworkState['nodes'], readonly NodeState[]>();

/** Nodes of a network by id, whatever order they joined in; none when the network is gone. */
export function membersOf(state: NetworkState): readonly NodeState[] {
  if (!isLive(state)) return [];
  let members = sorted.get(state.nodes);
  if (!members) sorted.set(state.nodes, (members = [...state.nodes.values()].sort(byId)));
  return members;
}

export function memberOf(state: NetworkState, nodeId: string): NodeState | undefined {
  return isLive(state) ? state.nodes.get(nodeId) : undefined;
}

function byId(a: NodeState, b: NodeState): number {
  return a.nodeId < b.nodeId ? -1 : 1;
}
