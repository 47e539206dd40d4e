import { choosePath } from '#planner/paths/choose-path.js';
import { isUsableRelay } from '#planner/paths/reach.js';
import { arePeers } from '#planner/permitted.js';
import { isLive, type LiveState } from '#planner/members.js';
import type { NetworkState, NodeState } from '#topology/network-state.js';
import type { Spot } from './terrain.js';

/**
 * Pairs that may talk, could by where they stand, and have no path, by name. Who cannot be called can call every relay: such a
 * pair can talk when both have a relay or one might, because another one has room.
 */
export function unconnected(state: NetworkState, spotOf: (name: string) => Spot): string[] {
  if (!isLive(state)) return [];
  const nodes = [...state.nodes.values()].filter(({ enabled }) => enabled);
  return nodes.flatMap((a, i) =>
    nodes
      .slice(i + 1)
      .filter((b) => arePeers(state, a, b) && choosePath(state, a, b).kind === 'none')
      .filter((b) => [a, b].some(({ name }) => spotOf(name) === 'open') || canBeRelayed(state, a, b))
      .map((b) => `${a.name} (${spotOf(a.name)}) and ${b.name} (${spotOf(b.name)})`),
  );
}

/** One relay of one of them is enough. */
function canBeRelayed(state: LiveState, a: NodeState, b: NodeState): boolean {
  return [...state.relays.values()].some(
    ({ nodeId, nodes, capacity }) =>
      isUsableRelay(state, nodeId) && (nodes.size < capacity || nodes.has(a.nodeId) || nodes.has(b.nodeId)),
  );
}
