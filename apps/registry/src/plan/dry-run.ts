import type { Decision } from '#contracts/decision.js';
import { isRefusal, Refusal } from '#contracts/errors.js';
import type { NetworkFact, NewFact, RecordedFact } from '#contracts/facts.js';
import type { CommandMeta } from '#topology/command.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { decideSetClusterMember, decideUnsetClusterMember } from '../clusters/cluster-member.decider.js';
import { decideChangeCluster, decideRemoveCluster } from '../clusters/cluster.decider.js';
import { decideCreateCluster } from '../clusters/create-cluster.decider.js';
import { findCluster } from '../clusters/find-cluster.js';
import { decideRevokeEnrolmentKey } from '../enrolment-keys/enrolment-key.decider.js';
import { decideChangeNetwork } from '../networks/network.decider.js';
import { decideChangeNode } from '../nodes/change-node.decider.js';
import { findNode } from '../nodes/find-node.js';
import { decideDisableNode, decideEnableNode, decideRemoveNode } from '../nodes/node-lifecycle.decider.js';
import { gatewayCommandBody, type NamedBody } from './gateway-command-bodies.js';
import type { PlannedGatewayCommand } from './gateway-commands.dto.js';
import { isGatewayCommand, type PlannedCommand } from './plan.dto.js';

export interface DryRun {
  after: NetworkState;
  facts: RecordedFact<NetworkFact>[];
}

export interface DryRunMeans {
  meta: CommandMeta;
  /** Asks the owner of gateways what its command would do after these facts. @throws Refusal; Unavailable */
  tryGatewayCommand(command: NamedBody, planned: NewFact[]): Promise<NewFact[]>;
  /** For what would be new. */
  newId(): string;
}

/**
 * Decides commands one after another as the log would, and writes nothing.
 * @throws Refusal of the first command that would be refused, naming it; Unavailable
 */
export async function dryRun(
  before: NetworkState,
  commands: readonly PlannedCommand[],
  means: DryRunMeans,
): Promise<DryRun> {
  const { meta, newId, tryGatewayCommand } = means;
  const facts: RecordedFact<NetworkFact>[] = [];
  let state = before;
  for (const [index, command] of commands.entries()) {
    const made = await refusedAt(index, async () =>
      isGatewayCommand(command)
        ? tryGatewayCommand(gatewayCommandBody(command, state, newId()), facts.map(asNew))
        : decide(command, state, { ...meta, id: newId() }).facts,
    );
    for (const fact of made) {
      const version = state.version + 1;
      const recorded = { ...fact, stream: state.network?.networkId ?? '', version, hash: '', recordedAt: meta.at };
      state = networkFold.evolve(state, recorded);
      facts.push(recorded as RecordedFact<NetworkFact>);
    }
  }
  return { after: state, facts };
}

async function refusedAt(index: number, attempt: () => Promise<NewFact[]>): Promise<NewFact[]> {
  try {
    return await attempt();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const place = `commands[${index}]`;
    const errors = error.errors.map(({ field, message }) => ({ field: `${place}.${field}`, message }));
    throw new Refusal(error.code, `${place}: ${error.detail}`, errors);
  }
}

function decide(
  planned: Exclude<PlannedCommand, PlannedGatewayCommand>,
  state: NetworkState,
  { id, ...meta }: CommandMeta & { id: string },
): Decision {
  const nodeId = (node: string) => findNode(state, node).nodeId;
  const clusterId = (cluster: string) => findCluster(state, cluster).clusterId;
  switch (planned.command) {
    case 'network.set':
      return decideChangeNetwork({ ...planned, ...meta }, state);
    case 'node.set':
      return decideChangeNode({ ...planned, ...meta, nodeId: nodeId(planned.node) }, state);
    case 'node.disable':
      return decideDisableNode({ ...meta, nodeId: nodeId(planned.node) }, state);
    case 'node.enable':
      return decideEnableNode({ ...meta, nodeId: nodeId(planned.node) }, state);
    case 'node.delete':
      return decideRemoveNode({ ...meta, nodeId: nodeId(planned.node), reason: 'operator' }, state);
    case 'key.revoke':
      return decideRevokeEnrolmentKey({ ...meta, keyId: planned.key }, state);
    case 'cluster.create':
      return decideCreateCluster({ ...planned, ...meta, clusterId: id }, state);
    case 'cluster.set':
      return decideChangeCluster({ ...planned, ...meta, clusterId: clusterId(planned.cluster) }, state);
    case 'cluster.delete':
      return decideRemoveCluster({ ...meta, clusterId: clusterId(planned.cluster) }, state);
    case 'cluster.member.set': {
      const member = { clusterId: clusterId(planned.cluster), nodeId: nodeId(planned.node) };
      return decideSetClusterMember({ ...meta, ...member, ...(planned.pods && { pods: planned.pods }) }, state);
    }
    case 'cluster.member.unset': {
      const member = { clusterId: clusterId(planned.cluster), nodeId: nodeId(planned.node) };
      return decideUnsetClusterMember({ ...meta, ...member }, state);
    }
    default:
      return planned satisfies never;
  }
}

const asNew = ({ type, data, metadata }: RecordedFact<NetworkFact>) => ({ type, data, metadata }) as NewFact;
