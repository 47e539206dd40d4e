import type { Decision } from '#contracts/decision.js';
import { foldNew } from '#topology/command.js';
import { inField } from '#topology/fields.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { findNode } from '../nodes/find-node.js';
import { decideSetClusterMember } from './cluster-member.decider.js';
import { decideDeclareCluster, type DeclareCluster } from './cluster.decider.js';

export interface CreateCluster extends DeclareCluster {
  members?: {
    /** Name or id. */
    node: string;
    pods?: string[];
  }[];
}

/**
 * A cluster with its first members in one step: all of it or nothing. Answer: ClusterView.
 * @throws Refusal those of `decideDeclareCluster` and `decideSetClusterMember`, fields as `members[0].pods[0]`
 */
export function decideCreateCluster({ members = [], ...command }: CreateCluster, before: NetworkState): Decision {
  const declared = decideDeclareCluster(command, before);
  const { commandId, actor, at, clusterId } = command;
  return members.reduce<{ decision: Decision; state: NetworkState }>(
    ({ decision, state }, { node, pods }, index) => {
      const next = inField(`members[${index}]`, () => {
        const { nodeId } = inField('node', () => findNode(state, node));
        return decideSetClusterMember({ commandId, actor, at, clusterId, nodeId, ...(pods && { pods }) }, state);
      });
      return {
        decision: { facts: [...decision.facts, ...next.facts], answer: next.answer },
        state: foldNew(networkFold, state, next.facts),
      };
    },
    { decision: declared, state: foldNew(networkFold, before, declared.facts) },
  ).decision;
}
