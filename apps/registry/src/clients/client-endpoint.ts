import { isLive } from '#planner/members.js';
import { calledAt, isCallable, needsRelay } from '#planner/paths/reach.js';
import type { NetworkState, NodeState } from '#topology/network-state.js';

/** Where clients can call a node: what it offers comes before where others see it. Undefined: nowhere. */
export function clientEndpoint(state: NetworkState, node: NodeState): string | undefined {
  return isLive(state) && isCallable(state, node) ? calledAt(state, node)[0] : undefined;
}

/** What to do about a node that serves `what` and that clients cannot call, as a sentence. */
export function endpointNeed(state: NetworkState, node: NodeState, what = 'it'): string {
  const relay = state.nodes.get(state.assignments.get(node.nodeId)?.relayId ?? '');
  if (!relay || !isLive(state) || !needsRelay(state, node))
    return `Node "${node.name}", which serves ${what}, needs a public endpoint that clients can call.`;
  return `Node "${node.name}", which serves ${what}, is reached only through relay "${relay.name}", which clients cannot use: make a node with a public endpoint a member, for instance "${relay.name}" itself.`;
}
