import type { Decision } from '#contracts/decision.js';
import { Refusal } from '#contracts/errors.js';
import type { NetworkFact, RemovalReason } from '#contracts/facts.js';
import { factsOf, foldNew, type CommandMeta, type GuardedCommand } from '#topology/command.js';
import { networkOf, nodeOf, refuseStale } from '#topology/lookup.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { nodeView } from '#topology/view.js';

export interface NodeCommand extends GuardedCommand {
  nodeId: string;
}

export interface RemoveNode extends NodeCommand {
  reason: RemovalReason;
}

export interface ExpireNode extends CommandMeta {
  nodeId: string;
  /** Newest heartbeat, ISO 8601 UTC; null: none since it enrolled. */
  lastSeen: string | null;
}

/** It keeps its name, addresses and credentials and has no peers. Answer: NodeView. @throws Refusal `not_found`, `version_mismatch` */
export const decideDisableNode = (command: NodeCommand, state: NetworkState): Decision =>
  decideEnabled(command, state, false);

/** Answer: NodeView. @throws Refusal `not_found`, `version_mismatch` */
export const decideEnableNode = (command: NodeCommand, state: NetworkState): Decision =>
  decideEnabled(command, state, true);

/**
 * Frees name and keys at once, addresses after a day. A node that was removed lately is no error and no fact.
 * Answer: `{nodeId}`. @throws Refusal `not_found`, `version_mismatch`
 */
export function decideRemoveNode(command: RemoveNode, state: NetworkState): Decision {
  const { nodeId, reason } = command;
  networkOf(state);
  if (state.removedNodes.has(nodeId)) return { facts: [], answer: { nodeId } };
  refuseStale(command, nodeOf(state, nodeId));
  return { facts: factsOf(command, { type: 'NodeRemoved', data: { nodeId, reason } }), answer: { nodeId } };
}

/** The node's own wish, proven by the shell. Answer: `{nodeId}`. @throws Refusal `not_found` */
export const decideLeave = (command: NodeCommand, state: NetworkState): Decision =>
  decideRemoveNode({ ...command, reason: 'left' }, state);

/**
 * Removes an ephemeral node that was silent for its whole TTL; no fact while it was not. Answer: `{nodeId}`.
 * @throws Refusal `not_found`, `invalid` for a node that is not ephemeral
 */
export function decideExpireNode(command: ExpireNode, state: NetworkState): Decision {
  const { nodeId, lastSeen, at } = command;
  networkOf(state);
  if (state.removedNodes.has(nodeId)) return { facts: [], answer: { nodeId } };
  const node = nodeOf(state, nodeId);
  if (node.ephemeralTtl === null)
    throw new Refusal('invalid', `node "${node.name}" is not ephemeral: it goes when it leaves or is removed`);
  const seen = Math.max(Date.parse(node.enrolledAt), lastSeen === null ? 0 : Date.parse(lastSeen));
  const silentMs = Date.parse(at) - seen;
  if (silentMs < node.ephemeralTtl * 1000) return { facts: [], answer: { nodeId } };
  return decideRemoveNode({ ...command, reason: 'expired' }, state);
}

function decideEnabled(command: NodeCommand, state: NetworkState, enabled: boolean): Decision {
  const { nodeId } = command;
  const node = nodeOf(state, nodeId);
  refuseStale(command, node);
  const fact: NetworkFact = { type: enabled ? 'NodeEnabled' : 'NodeDisabled', data: { nodeId } };
  const facts = node.enabled === enabled ? [] : factsOf(command, fact);
  return { facts, answer: nodeView(nodeOf(foldNew(networkFold, state, facts), nodeId)) };
}
