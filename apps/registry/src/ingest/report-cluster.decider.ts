import type { Decision } from '#contracts/decision.js';
import type { NetworkModel, NewFact } from '#contracts/facts.js';
import { overlaps, parsePrefix } from '#ipam/prefix.js';
import { type CommandMeta, foldNew } from '#topology/command.js';
import { inField, nameErrors, refuseInvalid } from '#topology/fields.js';
import { networkOf } from '#topology/lookup.js';
import { networkFold } from '#topology/network-fold.js';
import type { ClusterState, NetworkState } from '#topology/network-state.js';
import { canonicalRanges, sameTexts } from '#topology/range-fields.js';
import { decideSetClusterMember, decideUnsetClusterMember } from '../clusters/cluster-member.decider.js';
import { decideChangeCluster, decideDeclareCluster } from '../clusters/cluster.decider.js';

/** What a cluster is now, as somebody in it sees it. Fields left out are not looked at; those given are all there is. */
export interface ReportCluster extends CommandMeta {
  /** UUIDv7, should the cluster be new. */
  newClusterId: string;
  name: string;
  pods?: string[];
  services?: string[];
  model?: NetworkModel;
  /** `node` is a name or id. */
  members?: { node: string; pods?: string[] }[];
}

export interface ClusterReported {
  clusterId: string;
  /** Reported, and no nodes of the network (not yet, or no longer). */
  unknownNodes: string[];
}

type Wanted = Map<string, string[]>;

/**
 * Makes the cluster what was reported, all of it or nothing; the same report again makes no fact. Nodes that the network
 * does not know are left out: a cluster's nodes join one by one. Answer: ClusterReported.
 * @throws Refusal those of declaring and changing a cluster and of setting its members
 */
export function decideReportCluster(command: ReportCluster, before: NetworkState): Decision {
  networkOf(before);
  const { name, newClusterId, pods, services, model, members, commandId, actor, at } = command;
  const meta = { commandId, actor, at };
  const given = { ...(pods && { pods }), ...(services && { services }), ...(model && { model }) };
  const log = new Steps(before);
  const known = before.clusters.find((cluster) => cluster.name === name);
  const clusterId = known?.clusterId ?? newClusterId;
  const { wanted, unknownNodes } = readMembers(before, members ?? []);

  if (!known) log.then((state) => decideDeclareCluster({ ...meta, ...given, clusterId, name }, state));
  if (known && members)
    for (const nodeId of gone(known, wanted))
      log.then((state) => decideUnsetClusterMember({ ...meta, clusterId, nodeId }, state));
  if (known)
    for (const nodeId of inTheWay(known, wanted, pods))
      log.then((state) => decideSetClusterMember({ ...meta, clusterId, nodeId, pods: [] }, state));
  if (known) log.then((state) => decideChangeCluster({ ...meta, ...given, clusterId }, state));
  for (const [nodeId, own] of wanted)
    log.then((state) => decideSetClusterMember({ ...meta, clusterId, nodeId, pods: own }, state));
  return { facts: log.facts, answer: { clusterId, unknownNodes } satisfies ClusterReported };
}

/** Decisions one after the other, each on what the ones before it made. */
class Steps {
  facts: NewFact[] = [];

  constructor(private state: NetworkState) {}

  then(decide: (state: NetworkState) => Decision): void {
    const { facts } = decide(this.state);
    this.facts = [...this.facts, ...facts];
    this.state = foldNew(networkFold, this.state, facts);
  }
}

function readMembers(state: NetworkState, members: NonNullable<ReportCluster['members']>) {
  const wanted: Wanted = new Map();
  const unknownNodes: string[] = [];
  refuseInvalid(members.flatMap(({ node }, index) => nameErrors(node, `members[${index}].node`)));
  members.forEach(({ node, pods = [] }, index) => {
    const nodeId = state.nodeIdByName.get(node) ?? (state.nodes.has(node) ? node : undefined);
    if (nodeId === undefined) unknownNodes.push(node);
    else
      wanted.set(
        nodeId,
        inField(`members[${index}]`, () => canonicalRanges('pods', pods)),
      );
  });
  return { wanted: new Map([...wanted].sort(([a], [b]) => (a < b ? -1 : 1))), unknownNodes: unknownNodes.sort() };
}

const gone = ({ members }: ClusterState, wanted: Wanted) =>
  [...members.keys()].filter((nodeId) => !wanted.has(nodeId)).sort();

/** Members whose ranges move, and would meet another's new ones or lie outside the cluster's new ones on the way. */
function inTheWay({ members }: ClusterState, wanted: Wanted, pods: string[] | undefined): string[] {
  const whole = pods && canonicalRanges('pods', pods).map(parsePrefix);
  return [...members].flatMap(([nodeId, now]) => {
    const next = wanted.get(nodeId);
    if (!next || sameTexts(now, next)) return [];
    const others = [...wanted].filter(([id]) => id !== nodeId).flatMap(([, ranges]) => ranges.map(parsePrefix));
    const moves = now.map(parsePrefix).some((range) => {
      const outside = whole && !whole.some((one) => one.length <= range.length && overlaps(one, range));
      return outside === true || others.some((other) => overlaps(other, range));
    });
    return moves ? [nodeId] : [];
  });
}
