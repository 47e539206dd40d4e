import type { NetworkFact, RecordedFact } from '#contracts/facts.js';
import { planNode } from '#planner/plan-node.js';
import { planChange } from '#planner/plan-change.js';
import type { NetworkState } from '#topology/network-state.js';
import type { NodeChangeDto } from './topology.dto.js';

/** What facts mean for each node that they touch: names of resources, with nodes called by name. */
export function* nodeChanges(
  before: NetworkState,
  after: NetworkState,
  facts: readonly RecordedFact<NetworkFact>[],
): Generator<NodeChangeDto> {
  const nameOf = (nodeId: string) => (after.nodes.get(nodeId) ?? before.nodes.get(nodeId))?.name ?? nodeId;
  const readable = (resource: string) =>
    resource.startsWith('peer/') ? `peer/${nameOf(resource.slice('peer/'.length))}` : resource;
  const named = (state: NetworkState, nodeId: string) => planNode(state, nodeId).map(({ name }) => readable(name));

  const { added, removedNodes, groups } = planChange(before, after, facts);
  for (const nodeId of added)
    yield { nodeId, name: nameOf(nodeId), change: 'added', upserts: named(after, nodeId), removed: [] };
  for (const nodeId of removedNodes)
    yield { nodeId, name: nameOf(nodeId), change: 'removed', upserts: [], removed: named(before, nodeId) };
  for (const { nodeIds, upserts, removed } of groups)
    for (const nodeId of nodeIds)
      yield {
        nodeId,
        name: nameOf(nodeId),
        change: 'changed',
        upserts: upserts.map(({ name }) => readable(name)),
        removed: removed.map(readable),
      };
}
