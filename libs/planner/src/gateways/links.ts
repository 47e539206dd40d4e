import type { NatResource } from '#contracts/node-stream.js';
import { formatPrefix, overlaps, parsePrefix } from '#ipam/prefix.js';
import { translate } from '#ipam/translate.js';
import { crossingRanges, linkedWith } from '#topology/crossing-ranges.js';
import type { ClusterState, NodeState } from '#topology/network-state.js';
import { accept, from, type Reach, type Rule, through } from './contribution.js';
import { flatPodsOf } from '../flat-pods.js';
import type { Landscape } from './landscape.js';

/**
 * Linked clusters (rules 10, 11). Nodes that stand for themselves send to the other cluster's door and to the others
 * that do so; all other members send to their own door. Translated are only the sides that have virtual ranges.
 */
export const links: Rule = (around, viewer) =>
  around.clusters
    .filter((cluster) => around.isAt(viewer, cluster))
    .flatMap((cluster) => {
      const others = partners(around, cluster);
      if (others.length === 0) return [];
      const isDoor = around.isDoor(viewer, cluster);
      return [
        { forward: true },
        { resources: isDoor ? translations(around, cluster) : [] },
        { reach: isDoor ? podsOfMembers(around, cluster, viewer) : [] },
        ...others.map((other) => ({ reach: waysTo(around, { cluster, other }, viewer) })),
        ...others.map((other) => ({ resources: filters(around, cluster, other) })),
      ];
    });

/** The clusters that a cluster exchanges packets with: linked, and neither side isolated or an island. */
export function partners({ state }: Landscape, cluster: ClusterState): ClusterState[] {
  return linkedWith(state, cluster.clusterId)
    .map((id) => state.clusters.get(id))
    .filter((other) => other !== undefined)
    .filter((other) => [cluster, other].every(({ model }) => model === 'flat' || model === 'archipelago'));
}

/** What others see of a cluster. */
export const crossingOf = ({ state }: Landscape, cluster: ClusterState): string[] =>
  crossingRanges(state, cluster).map(({ crossing }) => crossing);

/**
 * Whether a node deals with a linked cluster without its own door: it stands in that door, or the others know its pods
 * by their own addresses. A flat cluster's pods are known to everybody, so everybody answers to them directly; its
 * partner's nodes must do so too, as far as they need no translation.
 */
export function standsForItself(around: Landscape, { cluster, other }: Pair, node: NodeState): boolean {
  if (around.isDoor(node, cluster)) return true;
  const direct = cluster.model === 'flat' || (other.model === 'flat' && !isTranslated(around, cluster));
  return direct && cluster.members.has(node.nodeId);
}

/** One side of a link and the other. */
interface Pair {
  cluster: ClusterState;
  other: ClusterState;
}

/** Whether the pods of a cluster cross links by other addresses than their own. */
export const isTranslated = ({ state }: Landscape, cluster: ClusterState): boolean =>
  crossingRanges(state, cluster).some(({ kind, real, crossing }) => kind === 'pods' && real !== crossing);

/**
 * Whether a node knows of another's pods for a takeover only: it is ready to serve the door of their cluster, or the other
 * one is, and sends to nobody's door but those of linked clusters.
 */
export function isForReady(
  around: Landscape,
  { from: node, to, prefix }: { from: NodeState; to: NodeState; prefix: string },
): boolean {
  return around.clusters.some((cluster) => {
    if (!cluster.members.get(to.nodeId)?.includes(prefix) || !around.isDoor(node, cluster)) return false;
    return around.door(cluster.clusterId)?.active !== node.nodeId || around.isDoor(to, cluster);
  });
}

function waysTo(around: Landscape, pair: Pair, viewer: NodeState): Reach[] {
  const { cluster, other } = pair;
  // What is behind this very node needs no way there.
  if (around.isDoor(viewer, other)) return [];
  const alone = standsForItself(around, pair, viewer);
  const door = around.activeFor(viewer, around.door((alone ? other : cluster).clusterId));
  if (!door) return [];
  const known = flatPods(around);
  const ranges = crossingOf(around, other).filter((range) => !known.has(range));
  if (!alone) return through(door.nodeId, ranges);
  const own = podsOfTheirOwn(around, pair, viewer).filter(({ nodeId }) => nodeId !== door.nodeId);
  const whole = new Map(own.map(({ nodeId, range }) => [range, nodeId]));
  return [
    ...ranges.flatMap((range) => through(whole.get(range) ?? door.nodeId, [range])),
    ...own.filter(({ range }) => !ranges.includes(range)).flatMap(({ nodeId, range }) => from(nodeId, [range])),
  ];
}

/** The pods of nodes on the other side that stand for themselves, as seen from here. Flat ones are the nodes' own anyway. */
function podsOfTheirOwn(around: Landscape, { cluster, other }: Pair, viewer: NodeState) {
  if (other.model === 'flat') return [];
  return membersOf(around, other, viewer)
    .filter(({ node }) => standsForItself(around, { cluster: other, other: cluster }, node))
    .flatMap(({ node: { nodeId }, pods }) => pods.map((range) => ({ nodeId, range: imageOf(around, other, range) })));
}

/** What members send to their door, or through it. What everybody knows as a flat node's stays that node's. */
function podsOfMembers(around: Landscape, cluster: ClusterState, viewer: NodeState): Reach[] {
  if (cluster.model === 'flat') return [];
  const known = flatPods(around);
  return membersOf(around, cluster, viewer).flatMap(({ node, pods }) =>
    from(
      node.nodeId,
      pods.filter((range) => !known.has(range)),
    ),
  );
}

const flatPods = ({ state }: Landscape): Set<string> => new Set([...flatPodsOf(state).values()].flat());

/** Enabled members that `viewer` may send to, with their pods. */
function membersOf(around: Landscape, { members }: ClusterState, viewer: NodeState) {
  return [...members]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([nodeId, pods]) => {
      const node = around.peer(viewer, nodeId);
      return node ? [{ node, pods }] : [];
    });
}

/** The pods of a node, by the addresses that they have and by those that cross links. */
export const podsAt = (around: Landscape, { nodeId }: NodeState): string[] =>
  around.clusters.flatMap((cluster) =>
    (cluster.members.get(nodeId) ?? []).flatMap((range) => [range, imageOf(around, cluster, range)]),
  );

/** A part of a cluster's ranges as others see it. */
function imageOf({ state }: Landscape, cluster: ClusterState, text: string): string {
  const range = parsePrefix(text);
  const whole = crossingRanges(state, cluster).find(({ real }) => {
    const around = parsePrefix(real);
    return around.length <= range.length && overlaps(around, range);
  });
  if (!whole) return text;
  const first = { family: range.family, value: range.base };
  const { family, value } = translate(first, parsePrefix(whole.real), parsePrefix(whole.crossing));
  return formatPrefix({ family, base: value, length: range.length });
}

function translations({ state }: Landscape, cluster: ClusterState): NatResource[] {
  return crossingRanges(state, cluster)
    .filter(({ real, crossing }) => real !== crossing)
    .map(({ real, crossing }) => ({
      name: `nat/${cluster.clusterId}/${real}`,
      kind: 'prefix',
      real,
      virtual: crossing,
    }));
}

/** A node sees its own side of a link by real addresses, the other by those that cross. */
function filters(around: Landscape, cluster: ClusterState, other: ClusterState) {
  const here = [...cluster.pods, ...cluster.services];
  const there = crossingOf(around, other);
  const id = `${cluster.clusterId}/${other.clusterId}`;
  return [
    ...accept(`${id}/in`, { sources: there, destinations: here }),
    ...accept(`${id}/out`, { sources: here, destinations: there }),
  ];
}
