import type { NetworkFact, RecordedFact } from '#contracts/facts.js';
import { planNode } from '#planner/plan-node.js';
import { planChange } from '#planner/plan-change.js';
import type { NetworkState } from '#topology/network-state.js';
import type { NodeChangeDto } from './topology.dto.js';

const ID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** What facts mean for each node that they touch: names of resources, with whatever has a name called by it. */
export function* nodeChanges(
  before: NetworkState,
  after: NetworkState,
  facts: readonly RecordedFact<NetworkFact>[],
): Generator<NodeChangeDto> {
  const nameOf = (id: string) => nameIn(after, id) ?? nameIn(before, id) ?? id;
  const readable = (resource: string) => resource.replace(ID, nameOf);
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

const nameIn = ({ nodes, gateways, clusters, clients }: NetworkState, id: string): string | undefined =>
  (nodes.get(id) ?? gateways.get(id) ?? clusters.get(id) ?? clients.get(id))?.name;
