import type { ClusterState, NetworkState } from '#topology/network-state.js';

const known = new WeakMap<NetworkState['clusters'], ReadonlyMap<string, readonly string[]>>();

/** Node id → the ranges of its pods that everybody knows it by (rule 12, flat): prefixes of the node like its addresses. */
export function flatPodsOf({ clusters }: Pick<NetworkState, 'clusters'>): ReadonlyMap<string, readonly string[]> {
  let pods = known.get(clusters);
  if (!pods) known.set(clusters, (pods = new Map([...clusters.values()].filter(isFlat).flatMap(podsOfMembers))));
  return pods;
}

/** Ids of the nodes whose flat pods differ between two states. */
export function changedFlatPods(before: NetworkState, after: NetworkState): string[] {
  if (before.clusters === after.clusters) return [];
  const [was, is] = [flatPodsOf(before), flatPodsOf(after)];
  return [...new Set([...was.keys(), ...is.keys()])].filter((id) => was.get(id)?.join() !== is.get(id)?.join());
}

const isFlat = ({ model }: ClusterState) => model === 'flat';

const podsOfMembers = ({ members }: ClusterState): [string, readonly string[]][] =>
  [...members].filter(([, pods]) => pods.length > 0);
