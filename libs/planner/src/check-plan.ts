import type { Resource } from '#contracts/node-stream.js';
import type { NetworkState } from '#topology/network-state.js';
import { checkNode, isPeer } from './check-node.js';
import { peerId } from './check-peer.js';
import { membersOf } from './members.js';
import { labelOf, type Violation } from './violation.js';

/**
 * Which invariants of docs/planner.md a whole plan breaks; empty when it breaks none. O(nodes²): for tests and dry runs.
 * It looks at the plan with its own eyes: of the planner's rules it shares only who is permitted.
 */
export function checkPlan(state: NetworkState, plan: ReadonlyMap<string, readonly Resource[]>): Violation[] {
  const unplanned = membersOf(state).filter(({ nodeId }) => !plan.has(nodeId));
  return [
    ...[...plan].flatMap(([nodeId, resources]) => checkNode(state, nodeId, resources)),
    ...unplanned.flatMap(({ nodeId }) => checkNode(state, nodeId, [])),
    ...oneSidedPeers(state, plan),
  ];
}

function oneSidedPeers(state: NetworkState, plan: ReadonlyMap<string, readonly Resource[]>): Violation[] {
  const pairs = [...plan].flatMap(([nodeId, resources]) =>
    resources
      .filter(isPeer)
      .filter((peer) => !state.clients.has(peerId(peer)))
      .map((peer) => ({ nodeId, other: peerId(peer) })),
  );
  const held = new Set(pairs.map(({ nodeId, other }) => `${nodeId} ${other}`));
  return pairs
    .filter(({ nodeId, other }) => !held.has(`${other} ${nodeId}`))
    .map(({ nodeId, other }) => ({
      code: 'one_sided_peer',
      nodeId,
      message: `${labelOf(state, nodeId)} has peer ${labelOf(state, other)}, but not the other way round`,
    }));
}
