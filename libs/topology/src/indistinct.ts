import type { ClusterState, NetworkState } from './network-state.js';
import { realRanges, refuseOverlaps } from './overlaps.js';

/**
 * Every node must be able to tell whose an address is. All of them know flat pods, and a node knows the ranges of the
 * clusters that it has to do with: as a member, or in the door.
 *
 * @param doorway who stands in the cluster's door, if that is about to change
 * @throws Refusal `cidr_overlap` naming both owners
 */
export function refuseIndistinct(after: NetworkState, cluster: ClusterState, doorway?: readonly string[]): void {
  const here = nodesAt(after, cluster, doorway);
  const mine = realRanges(cluster);
  for (const other of after.clusters.values()) {
    if (other.clusterId === cluster.clusterId) continue;
    const theirs = realRanges(other);
    const there = nodesAt(after, other);
    if (here.some((nodeId) => there.includes(nodeId)))
      refuseOverlaps(mine, theirs, 'a node that has to do with both cannot tell them apart: take another node for one');
    if (cluster.model === 'flat') refuseOverlaps(mine.slice(0, cluster.pods.length), theirs, RENUMBER);
    if (other.model === 'flat') refuseOverlaps(mine, theirs.slice(0, other.pods.length), RENUMBER);
  }
}

const RENUMBER = 'every node knows the pods of a flat cluster: choose another range, or another model';

/** Ids of the nodes that have to do with a cluster. */
function nodesAt(
  { gateways }: NetworkState,
  { clusterId, members }: ClusterState,
  doorway: readonly string[] = gateways.find((gateway) => gateway.clusterId === clusterId)?.members ?? [],
): string[] {
  return [...members.keys(), ...doorway];
}
