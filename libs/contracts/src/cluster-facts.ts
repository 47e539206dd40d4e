import type { NetworkModel } from './facts.js';

/** A Kubernetes cluster (or a site that is described like one), as the registry decided on it. Owner: registry. */
export interface ClusterRecord {
  clusterId: string;
  name: string;
  /** Pod and service ranges, canonical, sorted; several per family are allowed. */
  pods: string[];
  services: string[];
  model: NetworkModel;
}

export type ClusterFact =
  | { type: 'ClusterDeclared'; data: ClusterRecord }
  | { type: 'ClusterChanged'; data: { clusterId: string; changes: Partial<Omit<ClusterRecord, 'clusterId'>> } }
  | { type: 'ClusterRemoved'; data: { clusterId: string } }
  /** A node belongs to a cluster; `pods` are the ranges of its own pods (may be empty: the cluster's network knows). */
  | { type: 'ClusterMemberSet'; data: { clusterId: string; nodeId: string; pods: string[] } }
  | { type: 'ClusterMemberUnset'; data: { clusterId: string; nodeId: string } };
