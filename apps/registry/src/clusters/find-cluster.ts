import type { ClusterState, NetworkState } from '#topology/network-state.js';
import { findNamed } from '../networks/find-named.js';

/** Finds a cluster by name or id. @throws Refusal not_found */
export const findCluster = (state: NetworkState, nameOrId: string): ClusterState =>
  findNamed(state, 'clusters', state.clusters, nameOrId);
