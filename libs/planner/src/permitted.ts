import type { NetworkState, NodeState } from '#topology/network-state.js';

/**
 * Whether policy lets two nodes of a network talk, in either direction (rule 1). The network's default decides alone.
 * Rules belong here; what they look at of a node then belongs into `viewerClasses` and the sums of `digests` too.
 */
export function permitted(state: NetworkState, _a: NodeState, _b: NodeState): boolean {
  return permitsAll(state);
}

/** Whether every pair is permitted (else none is): what makes the plan of ten thousand nodes a sum and not a product. */
export function permitsAll(state: NetworkState): boolean {
  return state.network?.defaultPolicy === 'allow';
}

/** Whether two nodes appear in each other's set. Symmetric. */
export function arePeers(state: NetworkState, a: NodeState, b: NodeState): boolean {
  return a.enabled && b.enabled && a.nodeId !== b.nodeId && permitted(state, a, b);
}
