import type { Decision } from '#contracts/decision.js';
import { Refusal } from '#contracts/errors.js';
import type { AnyFact } from '#contracts/facts.js';
import { factsOf, foldNew, type GuardedCommand } from '#topology/command.js';
import { inField } from '#topology/fields.js';
import { clusterView } from '#topology/gateway-view.js';
import { clusterOf, nodeOf, refuseStale } from '#topology/lookup.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { canonicalRanges, sameTexts } from '#topology/range-fields.js';
import { refuseBadRanges, refusePodsOutside } from './cluster-rules.js';

export interface SetClusterMember extends GuardedCommand {
  clusterId: string;
  nodeId: string;
  /** The ranges of this node's own pods; empty or left out: the cluster's network knows the way. */
  pods?: string[];
}

export interface UnsetClusterMember extends GuardedCommand {
  clusterId: string;
  nodeId: string;
}

/**
 * Makes a node a member, or gives a member other pod ranges. Answer: ClusterView.
 * @throws Refusal `not_found`, `version_mismatch`, `already_member` of another cluster, `cidr_invalid`, `invalid` for
 *   pods outside the cluster's, `cidr_overlap` with another member's, `endpoint_in_range`
 */
export function decideSetClusterMember(command: SetClusterMember, state: NetworkState): Decision {
  const { clusterId, nodeId } = command;
  const cluster = clusterOf(state, clusterId);
  const node = nodeOf(state, nodeId);
  refuseStale(command, cluster);
  const pods = canonicalRanges('pods', command.pods ?? []);
  const now = cluster.members.get(nodeId);
  if (now && sameTexts(now, pods)) return { facts: [], answer: clusterView(state, cluster) };
  const other = state.clusters.find(({ clusterId: id, members }) => id !== clusterId && members.has(nodeId));
  if (other)
    throw new Refusal(
      'already_member',
      `node "${node.name}" is a member of cluster "${other.name}"; a node has one cluster, take it out of that one first`,
    );
  inField('pods', () => refusePodsOutside(state, cluster, { nodeId, pods }));
  return decided(command, state, { type: 'ClusterMemberSet', data: { clusterId, nodeId, pods } });
}

/** No member, no fact. Answer: ClusterView. @throws Refusal `not_found`, `version_mismatch` */
export function decideUnsetClusterMember(command: UnsetClusterMember, state: NetworkState): Decision {
  const { clusterId, nodeId } = command;
  const cluster = clusterOf(state, clusterId);
  refuseStale(command, cluster);
  if (!cluster.members.has(nodeId)) return { facts: [], answer: clusterView(state, cluster) };
  return decided(command, state, { type: 'ClusterMemberUnset', data: { clusterId, nodeId } });
}

function decided(command: SetClusterMember, state: NetworkState, fact: AnyFact): Decision {
  const facts = factsOf(command, fact);
  const after = foldNew(networkFold, state, facts);
  const cluster = clusterOf(after, command.clusterId);
  if (fact.type === 'ClusterMemberSet') refuseBadRanges(after, cluster);
  return { facts, answer: clusterView(after, cluster) };
}
