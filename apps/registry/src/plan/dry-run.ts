import type { Decision } from '#contracts/decision.js';
import { isRefusal, Refusal } from '#contracts/errors.js';
import type { NetworkFact, RecordedFact } from '#contracts/facts.js';
import type { CommandMeta } from '#topology/command.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { decideRevokeEnrolmentKey } from '../enrolment-keys/enrolment-key.decider.js';
import { decideChangeNetwork } from '../networks/network.decider.js';
import { decideChangeNode } from '../nodes/change-node.decider.js';
import { findNode } from '../nodes/find-node.js';
import { decideDisableNode, decideEnableNode, decideRemoveNode } from '../nodes/node-lifecycle.decider.js';
import type { PlannedCommand } from './plan.dto.js';

export interface DryRun {
  after: NetworkState;
  facts: RecordedFact<NetworkFact>[];
}

/**
 * Decides commands one after another as the log would, and writes nothing.
 * @throws Refusal of the first command that would be refused, naming it
 */
export function dryRun(before: NetworkState, commands: readonly PlannedCommand[], meta: CommandMeta): DryRun {
  const facts: RecordedFact<NetworkFact>[] = [];
  let state = before;
  commands.forEach((command, index) => {
    for (const fact of decideAt(index, command, state, meta).facts) {
      const version = state.version + 1;
      const recorded = { ...fact, stream: state.network?.networkId ?? '', version, hash: '', recordedAt: meta.at };
      state = networkFold.evolve(state, recorded);
      facts.push(recorded as RecordedFact<NetworkFact>);
    }
  });
  return { after: state, facts };
}

function decideAt(index: number, command: PlannedCommand, state: NetworkState, meta: CommandMeta): Decision {
  try {
    return decide(command, state, meta);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const place = `commands[${index}]`;
    const errors = error.errors.map(({ field, message }) => ({ field: `${place}.${field}`, message }));
    throw new Refusal(error.code, `${place}: ${error.detail}`, errors);
  }
}

function decide(planned: PlannedCommand, state: NetworkState, meta: CommandMeta): Decision {
  switch (planned.command) {
    case 'network.set':
      return decideChangeNetwork({ ...planned, ...meta }, state);
    case 'node.set':
      return decideChangeNode({ ...planned, ...meta, nodeId: findNode(state, planned.node).nodeId }, state);
    case 'node.disable':
      return decideDisableNode({ ...meta, nodeId: findNode(state, planned.node).nodeId }, state);
    case 'node.enable':
      return decideEnableNode({ ...meta, nodeId: findNode(state, planned.node).nodeId }, state);
    case 'node.delete':
      return decideRemoveNode({ ...meta, nodeId: findNode(state, planned.node).nodeId, reason: 'operator' }, state);
    case 'key.revoke':
      return decideRevokeEnrolmentKey({ ...meta, keyId: planned.key }, state);
    default:
      return planned satisfies never;
  }
}
