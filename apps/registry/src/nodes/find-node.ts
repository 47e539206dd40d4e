import type { NetworkState, NodeState } from '#topology/network-state.js';
import { notFound } from '../networks/find-named.js';

/** Finds a node by name or id. @throws Refusal not_found */
export function findNode(state: NetworkState, nameOrId: string): NodeState {
  const node = state.nodes.get(state.nodeIdByName.get(nameOrId) ?? nameOrId);
  if (!node) throw notFound(state, 'nodes', nameOrId);
  return node;
}

const sorted = new WeakMap<NetworkState['nodes'], readonly NodeState[]>();

/** Nodes by name; sorted once per state, since a walk over many pages asks for it again and again. */
export function nodesByName({ nodes }: NetworkState): readonly NodeState[] {
  let list = sorted.get(nodes);
  if (!list) sorted.set(nodes, (list = [...nodes.values()].sort((a, b) => (a.name < b.name ? -1 : 1))));
  return list;
}
