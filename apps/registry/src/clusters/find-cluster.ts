import { Refusal } from '#contracts/errors.js';
import { networkOf } from '#topology/lookup.js';
import type { ClusterState, NetworkState } from '#topology/network-state.js';

/** Finds a cluster by name or id. @throws Refusal not_found */
export function findCluster(state: NetworkState, nameOrId: string): ClusterState {
  const network = networkOf(state);
  const cluster = state.clusters.find(({ name }) => name === nameOrId) ?? state.clusters.get(nameOrId);
  if (!cluster)
    throw new Refusal(
      'not_found',
      `Network "${network.name}" has no cluster "${nameOrId}". GET /api/v1/networks/${network.name}/clusters lists those there are.`,
    );
  return cluster;
}
