import type { ClusterRecord } from '#contracts/cluster-facts.js';
import { virtualRangeKey } from './gateway-fold.js';
import type { NetworkState } from './network-state.js';

/** One range of a cluster and how the other side of a link sees it. */
export interface CrossingRange {
  kind: 'pods' | 'services';
  real: string;
  /** The virtual range where one is assigned, else the real one. */
  crossing: string;
}

/** What of a cluster crosses a link: pods before services, each in the cluster's order. */
export function crossingRanges(
  { virtualRanges }: Pick<NetworkState, 'virtualRanges'>,
  { clusterId, pods, services }: Pick<ClusterRecord, 'clusterId' | 'pods' | 'services'>,
): CrossingRange[] {
  const seen = (kind: CrossingRange['kind'], real: string): CrossingRange => ({
    kind,
    real,
    crossing: virtualRanges.get(virtualRangeKey({ clusterId, real }))?.virtual ?? real,
  });
  return [...pods.map((real) => seen('pods', real)), ...services.map((real) => seen('services', real))];
}

/** The ids of the clusters that a cluster is linked with, sorted. */
export function linkedWith({ links }: Pick<NetworkState, 'links'>, clusterId: string): string[] {
  const others = [...links.values()].flatMap(({ a, b }) => (a === clusterId ? [b] : b === clusterId ? [a] : []));
  return others.sort();
}
