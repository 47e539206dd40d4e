import { Map as ImmutableMap } from 'immutable';
import type { ClusterFact } from '#contracts/cluster-facts.js';
import type { RecordedFact } from '#contracts/facts.js';
import type { ClusterState, NetworkState } from './network-state.js';

/** What a fact about clusters changes in the state of its network. */
export function clusterChanges(state: NetworkState, fact: RecordedFact<ClusterFact>): Partial<NetworkState> {
  const { version } = fact;
  const { clusterId } = fact.data;
  switch (fact.type) {
    case 'ClusterDeclared': {
      const cluster = { ...fact.data, members: ImmutableMap<string, readonly string[]>() };
      return { clusters: state.clusters.set(clusterId, { ...cluster, createdAt: fact.metadata.at, version }) };
    }
    case 'ClusterChanged': {
      const { changes } = fact.data;
      return changeCluster(state, clusterId, (cluster) => ({ ...cluster, ...changes, version }));
    }
    case 'ClusterRemoved':
      return { clusters: state.clusters.delete(clusterId) };
    case 'ClusterMemberSet': {
      const { nodeId, pods } = fact.data;
      return changeCluster(state, clusterId, (cluster) => {
        return { ...cluster, members: cluster.members.set(nodeId, pods), version };
      });
    }
    case 'ClusterMemberUnset': {
      const { nodeId } = fact.data;
      return changeCluster(state, clusterId, (cluster) => {
        return { ...cluster, members: cluster.members.delete(nodeId), version };
      });
    }
  }
}

/** A node that is gone is no cluster's member; the cluster's version rises where it was one. */
export function withoutMember(
  clusters: NetworkState['clusters'],
  nodeId: string,
  version: number,
): NetworkState['clusters'] {
  return clusters.map((cluster) =>
    cluster.members.has(nodeId) ? { ...cluster, members: cluster.members.delete(nodeId), version } : cluster,
  );
}

function changeCluster(
  { clusters }: NetworkState,
  clusterId: string,
  change: (cluster: ClusterState) => ClusterState,
): Partial<NetworkState> {
  const cluster = clusters.get(clusterId);
  return cluster ? { clusters: clusters.set(clusterId, change(cluster)) } : {};
}
