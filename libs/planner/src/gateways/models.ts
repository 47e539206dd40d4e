import { crossingRanges } from '#topology/crossing-ranges.js';
import type { ClusterState, NodeState } from '#topology/network-state.js';
import { accept, type Contribution, drop, EVERYTHING, masquerade, type Rule } from './contribution.js';
import { flatPodsOf } from '../flat-pods.js';
import type { Landscape } from './landscape.js';
import { partners, standsForItself } from './links.js';
import { except } from '../prefix-lists.js';

/** How a cluster's pods relate to the rest (rule 12), on its members and in its door. Links have rules of their own. */
export const models: Rule = (around, viewer) =>
  around.clusters
    .filter((cluster) => around.isAt(viewer, cluster))
    .map((cluster) => {
      switch (cluster.model) {
        case 'flat':
          return flat(around, cluster, viewer);
        case 'isolated':
          return isolated(cluster);
        case 'island':
        case 'archipelago':
          return island(around, cluster, viewer);
        default:
          return cluster.model satisfies never;
      }
    });

/** A node's pods are as reachable as the node, and go where it goes. */
function flat(around: Landscape, cluster: ClusterState, viewer: NodeState): Contribution {
  const { clusterId } = cluster;
  const pods = flatPodsOf(around.state).get(viewer.nodeId) ?? [];
  const usesInternet = around.gateways.some(({ users }) => users.nodes.includes(viewer.nodeId));
  return {
    forward: true,
    resources: [
      ...accept(`${clusterId}/in`, { sources: around.insiders, destinations: pods }),
      ...accept(`${clusterId}/out`, {
        sources: pods,
        destinations: except(usesInternet ? EVERYTHING : around.outward, translatedOf(around, cluster)),
      }),
    ],
  };
}

/** Linked clusters are reached by what crosses of them, also where a wider range leads to a node of theirs. */
const translatedOf = (around: Landscape, cluster: ClusterState): string[] =>
  partners(around, cluster).flatMap((other) =>
    crossingRanges(around.state, other)
      .filter(({ real, crossing }) => real !== crossing)
      .map(({ real }) => real),
  );

/** Nothing crosses, enforced and counted. What a relay passes on under the same addresses is somebody else's. */
function isolated({ clusterId, pods, services }: ClusterState): Contribution {
  const own = [...pods, ...services];
  return {
    resources: [
      ...drop(`${clusterId}/in`, { sources: EVERYTHING, destinations: own }),
      ...drop(`${clusterId}/out`, { sources: own, destinations: EVERYTHING }),
    ].map((filter) => ({ ...filter, way: 'edge' })),
  };
}

/** Out with the address of the node that it leaves from, whichever of the cluster's that is; in only as published. */
function island(around: Landscape, cluster: ClusterState, viewer: NodeState): Contribution {
  const { clusterId, pods } = cluster;
  const flatPartners = partners(around, cluster).filter(({ model }) => model === 'flat');
  // What goes over a link keeps its address. Past its own door a node comes to pods that everybody knows, but not as one
  // that those could answer to by a virtual address: so it goes as itself.
  const pastDoor = flatPartners
    .filter((other) => !standsForItself(around, { cluster, other }, viewer))
    .flatMap(({ members }) => [...members.values()].flat());
  const linked = flatPartners.flatMap((other) => other.pods);
  return {
    forward: true,
    resources: [
      ...accept(`${clusterId}/out`, { sources: pods, destinations: around.outward }),
      ...masquerade(clusterId, { sources: pods, destinations: [...except(around.outward, linked), ...pastDoor] }),
    ],
  };
}
