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

/** `membersOf(after)`, made from those of `before`: sorting 10,000 nodes anew would be half of the cost of a join. */
export function membersAfter(
  before: NetworkState,
  after: NetworkState,
  touched: ReadonlySet<string>,
): readonly NodeState[] {
  const known = sorted.get(before.nodes);
  if (!isLive(after) || !known || sorted.has(after.nodes)) return membersOf(after);
  const members = known.slice();
  for (const id of touched) {
    const place = placeOf(members, id);
    const node = after.nodes.get(id);
    members.splice(place, members[place]?.nodeId === id ? 1 : 0, ...(node ? [node] : []));
  }
  sorted.set(after.nodes, members);
  return members;
}

/** Where an id is, or would be, in sorted members. */
function placeOf(members: readonly NodeState[], id: string): number {
  let low = 0;
  let high = members.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((members[middle]?.nodeId ?? '') < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function memberOf(state: NetworkState, nodeId: string): NodeState | undefined {
  return isLive(state) ? state.nodes.get(nodeId) : undefined;
}

function byId(a: NodeState, b: NodeState): number {
  return a.nodeId < b.nodeId ? -1 : 1;
}
