import type { ClusterRecord } from '#contracts/cluster-facts.js';
import { Refusal } from '#contracts/errors.js';
import type { NetworkModel } from '#contracts/facts.js';
import { overlaps, parsePrefix } from '#ipam/prefix.js';
import { linkedWith } from '#topology/crossing-ranges.js';
import { refuseIndistinct } from '#topology/indistinct.js';
import type { ClusterState, NetworkState } from '#topology/network-state.js';
import { crossingOwners, overlapRefusal, ownersOf, realRanges, refuseOverlaps } from '#topology/overlaps.js';
import { refuseEndpointInside, refuseInMesh } from '#topology/served-ranges.js';
import { clashesOf } from '#topology/virtual-ranges.js';

export const MODELS: readonly NetworkModel[] = ['flat', 'isolated', 'island', 'archipelago'];

/** @throws Refusal `name_taken` that names the other cluster */
export function refuseClusterNameTaken(
  { clusterId, name }: Pick<ClusterRecord, 'clusterId' | 'name'>,
  state: NetworkState,
) {
  const other = state.clusters.find((cluster) => cluster.name === name && cluster.clusterId !== clusterId);
  if (other)
    throw new Refusal('name_taken', `the name "${name}" is taken by cluster ${other.clusterId}; choose another`);
}

/**
 * What must hold for a cluster's ranges in the network as it will be.
 * @throws Refusal `cidr_overlap` naming both owners, `range_in_mesh`, `endpoint_in_range`
 */
export function refuseBadRanges(after: NetworkState, cluster: ClusterState): void {
  const { clusterId, model } = cluster;
  const own = realRanges(cluster);
  own.forEach((mine, index) => {
    const other = own.slice(index + 1).find(({ range }) => overlaps(range, mine.range));
    if (other) throw overlapRefusal(mine, other, 'pods and services of a cluster need ranges of their own');
  });
  const virtual = ownersOf(after).filter(({ kind }) => kind === 'virtual');
  refuseOverlaps(own, virtual, 'virtual ranges are never renumbered: choose another range');
  if (model === 'flat') refuseBadFlat(after, cluster);
  refuseIndistinct(after, cluster);
  if (linkedWith(after, clusterId).length > 0) {
    const [clash] = clashesOf(after, clusterId);
    if (clash) throw overlapRefusal(clash.mine, clash.other, 'unlink the cluster, change it and link it again');
  }
}

/** Everybody routes to a flat cluster's pods, so they may be nobody else's. */
function refuseBadFlat(after: NetworkState, cluster: ClusterState): void {
  const pods = realRanges(cluster).slice(0, cluster.pods.length);
  refuseInMesh(after, pods);
  const others = crossingOwners(after).filter(({ kind, id }) => kind !== 'cluster' || id !== cluster.clusterId);
  refuseOverlaps(pods, others, 'choose another range, or the model archipelago: links then assign virtual ranges');
  const ranges = pods.map(({ range }) => range);
  refuseEndpointInside(after, ranges, [...cluster.members.keys()].sort());
}

/** @throws Refusal `in_use` when a range goes that packets are translated to, `model_forbids` when links or publications need the old model */
export function refuseLoss(state: NetworkState, now: ClusterState, next: ClusterState): void {
  const { clusterId, name } = now;
  const mine = [...state.virtualRanges.values()].filter((range) => range.clusterId === clusterId);
  const lost = mine.find(({ real }) => !next.pods.includes(real) && !next.services.includes(real));
  if (lost)
    throw new Refusal(
      'in_use',
      `${lost.real} of cluster "${name}" is known to others as ${lost.virtual}; unlink the cluster before that range goes`,
    );
  if (next.model === now.model) return;
  const forbid = (why: string) => new Refusal('model_forbids', `cluster "${name}" cannot become ${next.model}: ${why}`);
  const linked = linkedWith(state, clusterId).length > 0;
  if (linked && (next.model === 'isolated' || next.model === 'island')) throw forbid('it is linked; unlink it first');
  if (next.model === 'flat' && mine.some(({ real }) => next.pods.includes(real)))
    throw forbid('its pods have a virtual range; unlink it first');
  if ((next.model === 'isolated' || next.model === 'flat') && publishes(state, clusterId))
    throw forbid('it publishes services; withdraw them first');
}

/** @throws Refusal `in_use` naming what still needs the cluster */
export function refuseClusterInUse(state: NetworkState, { clusterId, name }: ClusterState): void {
  const inUse = (why: string) => new Refusal('in_use', `cluster "${name}" ${why}`);
  const [linked] = linkedWith(state, clusterId);
  if (linked !== undefined)
    throw inUse(`is linked with cluster "${state.clusters.get(linked)?.name ?? linked}"; unlink them first`);
  const door = state.gateways.find((gateway) => gateway.clusterId === clusterId);
  if (door) throw inUse(`has gateway "${door.name}"; remove that first`);
  if (publishes(state, clusterId)) throw inUse('publishes services; withdraw them first');
}

const publishes = ({ publications }: NetworkState, id: string) =>
  publications.some(({ clusterId }) => clusterId === id);

/** @throws Refusal `invalid` when a node's pods lie outside its cluster's, `cidr_overlap` when they are another member's */
export function refusePodsOutside(
  { nodes }: NetworkState,
  { name, pods, members }: ClusterState,
  member: { nodeId: string; pods: readonly string[] },
): void {
  const ownedBy = (nodeId: string) => `node "${nodes.get(nodeId)?.name ?? nodeId}"`;
  for (const text of member.pods) {
    const range = parsePrefix(text);
    const inside = pods.map(parsePrefix).some((whole) => whole.length <= range.length && overlaps(whole, range));
    if (!inside)
      throw new Refusal(
        'invalid',
        `${text} of ${ownedBy(member.nodeId)} is in none of the pod ranges of cluster "${name}"`,
      );
    for (const [nodeId, theirs] of members) {
      const other = theirs.map(parsePrefix).find((prefix) => nodeId !== member.nodeId && overlaps(prefix, range));
      const mine = { owner: ownedBy(member.nodeId), range };
      if (other)
        throw overlapRefusal(
          mine,
          { owner: ownedBy(nodeId), range: other },
          'pods of two nodes need ranges of their own',
        );
    }
  }
}
