import { v7 as uuidv7 } from 'uuid';
import type { Decision } from '#contracts/decision.js';
import type { SourceCommand } from '#contracts/sources.js';
import type { CommandMeta } from '#topology/command.js';
import { refuseInvalid } from '#topology/fields.js';
import type { NetworkState } from '#topology/network-state.js';
import { decideCreateEnrolmentKey } from '../enrolment-keys/enrolment-key.decider.js';
import { decideChangeNode } from '../nodes/change-node.decider.js';
import { findNode } from '../nodes/find-node.js';
import { decideDisableNode, decideEnableNode, decideRemoveNode } from '../nodes/node-lifecycle.decider.js';
import { ClusterReportData, NodeData, NodeLabelsData, NodeOfferData } from './command-data.dto.js';
import { decideReportCluster } from './report-cluster.decider.js';

export interface SourceCommandRule<Data extends { network: string } = { network: string }> {
  data: new () => Data;
  /** Made once per command, so that a decision that is taken again is the same. @throws Refusal */
  decide(command: CommandMeta, data: Data): (state: NetworkState) => Decision;
}

const nodeRule = (decide: (command: CommandMeta & { nodeId: string }, state: NetworkState) => Decision) =>
  rule({
    data: NodeData,
    decide:
      (command, { node }) =>
      (state) =>
        decide({ ...command, nodeId: nodeIdOf(state, node) }, state),
  });

/** What each command means: the rules are those of the HTTP API. */
export const SOURCE_COMMAND_RULES: Record<SourceCommand, SourceCommandRule> = {
  'node.offer': rule({
    data: NodeOfferData,
    decide: (command, { secretHash, labels, site, expiresIn, ephemeralTtl }) => {
      refuseInvalid(secretHashErrors(secretHash));
      const expiresAt = expiresIn && new Date(Date.parse(command.at) + expiresIn * 1000).toISOString();
      const key = {
        ...command,
        keyId: uuidv7(),
        secretHash,
        uses: 1,
        ...(expiresAt && { expiresAt }),
        ...(labels && { labels }),
        ...(site !== undefined && { site }),
        ...(ephemeralTtl && { ephemeralTtl }),
      };
      return (state) => decideCreateEnrolmentKey(key, state);
    },
  }),
  'node.labels': rule({
    data: NodeLabelsData,
    decide:
      (command, { node, labels }) =>
      (state) =>
        decideChangeNode({ ...command, nodeId: nodeIdOf(state, node), labels }, state),
  }),
  'node.disable': nodeRule(decideDisableNode),
  'node.enable': nodeRule(decideEnableNode),
  'node.retire': nodeRule((command, state) => decideRemoveNode({ ...command, reason: 'external' }, state)),
  'cluster.report': rule({
    data: ClusterReportData,
    decide: (command, { network: _, cluster, ...report }) => {
      const wish = { ...command, ...report, name: cluster, newClusterId: uuidv7() };
      return (state) => decideReportCluster(wish, state);
    },
  }),
};

/** The table is read by name, and then the data's class and the rule belong together. */
function rule<Data extends { network: string }>(one: SourceCommandRule<Data>): SourceCommandRule {
  return one as unknown as SourceCommandRule;
}

/** Also of a node that is gone, whose retirement is nothing new. */
function nodeIdOf(state: NetworkState, node: string): string {
  return state.removedNodes.has(node) ? node : findNode(state, node).nodeId;
}

function secretHashErrors(secretHash: string) {
  const message = 'must be the SHA-256 of the secret, 64 hex digits in lower case';
  return /^[0-9a-f]{64}$/.test(secretHash) ? [] : [{ field: 'secretHash', message }];
}
