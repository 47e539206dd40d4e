import type { ClusterRecord } from '#contracts/cluster-facts.js';
import type { Decision } from '#contracts/decision.js';
import { Refusal, type FieldError } from '#contracts/errors.js';
import type { AnyFact, NetworkModel } from '#contracts/facts.js';
import { factsOf, foldNew, type CommandMeta, type GuardedCommand } from '#topology/command.js';
import { nameErrors, oneOfErrors, refuseInvalid } from '#topology/fields.js';
import { clusterView } from '#topology/gateway-view.js';
import { clusterOf, networkOf, refuseStale } from '#topology/lookup.js';
import { networkFold } from '#topology/network-fold.js';
import type { ClusterState, NetworkState } from '#topology/network-state.js';
import { canonicalRanges, sameTexts } from '#topology/range-fields.js';
import {
  MODELS,
  refuseBadRanges,
  refuseClusterInUse,
  refuseClusterNameTaken,
  refuseLoss,
  refusePodsOutside,
} from './cluster-rules.js';

export interface DeclareCluster extends CommandMeta {
  /** UUIDv7 for a new cluster. */
  clusterId: string;
  name: string;
  pods?: string[];
  services?: string[];
  /** Left out: the network's. */
  model?: NetworkModel;
}

/** Fields left out stay as they are; those given replace the whole value. */
export interface ChangeCluster extends GuardedCommand {
  clusterId: string;
  name?: string;
  pods?: string[];
  services?: string[];
  model?: NetworkModel;
}

export interface RemoveCluster extends GuardedCommand {
  clusterId: string;
}

type Changes = Partial<Omit<ClusterRecord, 'clusterId'>>;

/**
 * Answer: ClusterView. The same id and name again make no second fact.
 * @throws Refusal `not_found`, `invalid`, `id_taken`, `name_taken`, `cidr_invalid`, `cidr_overlap`, `range_in_mesh`
 */
export function decideDeclareCluster(command: DeclareCluster, state: NetworkState): Decision {
  const { clusterId, name, model = networkOf(state).model } = command;
  refuseInvalid([...nameErrors(name), ...oneOfErrors('model', model, MODELS)]);
  const earlier = state.clusters.get(clusterId);
  if (earlier?.name === name) return { facts: [], answer: clusterView(state, earlier) };
  if (earlier)
    throw new Refusal('id_taken', `the id ${clusterId} is taken by cluster "${earlier.name}"; make a new one`);
  refuseClusterNameTaken(command, state);
  const pods = canonicalRanges('pods', command.pods ?? []);
  const services = canonicalRanges('services', command.services ?? []);
  refuseInvalid(rangeErrors({ pods, services }));
  return decided(command, state, { type: 'ClusterDeclared', data: { clusterId, name, pods, services, model } });
}

/**
 * Answer: ClusterView.
 * @throws Refusal `not_found`, `version_mismatch`, `invalid`, `name_taken`, `cidr_invalid`, `cidr_overlap`,
 *   `range_in_mesh`, `endpoint_in_range`, `in_use` and `model_forbids` where links or publications depend on what goes
 */
export function decideChangeCluster(command: ChangeCluster, state: NetworkState): Decision {
  const { clusterId, name, model } = command;
  const cluster = clusterOf(state, clusterId);
  refuseStale(command, cluster);
  refuseInvalid([...(name === undefined ? [] : nameErrors(name)), ...oneOfErrors('model', model, MODELS)]);
  const changes = changedFields(command, cluster);
  if (Object.keys(changes).length === 0) return { facts: [], answer: clusterView(state, cluster) };
  if (changes.name !== undefined) refuseClusterNameTaken({ clusterId, name: changes.name }, state);
  const next = { ...cluster, ...changes };
  refuseInvalid(rangeErrors(next));
  refuseLoss(state, cluster, next);
  for (const [nodeId, pods] of next.members) refusePodsOutside(state, next, { nodeId, pods });
  return decided(command, state, { type: 'ClusterChanged', data: { clusterId, changes } });
}

/** Its memberships go with it. Answer: `{clusterId}`. @throws Refusal `not_found`, `version_mismatch`, `in_use` */
export function decideRemoveCluster(command: RemoveCluster, state: NetworkState): Decision {
  const { clusterId } = command;
  const cluster = clusterOf(state, clusterId);
  refuseStale(command, cluster);
  refuseClusterInUse(state, cluster);
  return { facts: factsOf(command, { type: 'ClusterRemoved', data: { clusterId } }), answer: { clusterId } };
}

function decided(command: CommandMeta & { clusterId: string }, state: NetworkState, fact: AnyFact): Decision {
  const facts = factsOf(command, fact);
  const after = foldNew(networkFold, state, facts);
  const cluster = clusterOf(after, command.clusterId);
  refuseBadRanges(after, cluster);
  return { facts, answer: clusterView(after, cluster) };
}

function rangeErrors({ pods, services }: Pick<ClusterRecord, 'pods' | 'services'>): FieldError[] {
  return pods.length + services.length > 0
    ? []
    : [{ field: 'pods', message: 'and services must not both be empty: a cluster has ranges' }];
}

function changedFields({ name, pods, services, model }: ChangeCluster, now: ClusterState): Changes {
  const newPods = pods && canonicalRanges('pods', pods);
  const newServices = services && canonicalRanges('services', services);
  return {
    ...(name !== undefined && name !== now.name && { name }),
    ...(newPods && !sameTexts(newPods, now.pods) && { pods: newPods }),
    ...(newServices && !sameTexts(newServices, now.services) && { services: newServices }),
    ...(model !== undefined && model !== now.model && { model }),
  };
}
