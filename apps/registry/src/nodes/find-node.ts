import { Refusal } from '#contracts/errors.js';
import { networkOf } from '#topology/lookup.js';
import type { NetworkState, NodeState } from '#topology/network-state.js';

/** Finds a node by name or id. @throws Refusal not_found */
export function findNode(state: NetworkState, nameOrId: string): NodeState {
  const network = networkOf(state);
  const node = state.nodes.get(state.nodeIdByName.get(nameOrId) ?? nameOrId);
  if (!node)
    throw new Refusal(
      'not_found',
      `Network "${network.name}" has no node "${nameOrId}". GET /api/v1/networks/${network.name}/nodes lists those there are.`,
    );
  return node;
}

const sorted = new WeakMap<NetworkState['nodes'], readonly NodeState[]>();

/** Nodes by name; sorted once per state, since a walk over many pages asks for it again and again. */
export function nodesByName({ nodes }: NetworkState): readonly NodeState[] {
  let list = sorted.get(nodes);
  if (!list) sorted.set(nodes, (list = [...nodes.values()].sort((a, b) => (a.name < b.name ? -1 : 1))));
  return list;
}
