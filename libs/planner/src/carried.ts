import { hostPrefix } from '#ipam/prefix.js';
import { translate } from '#ipam/translate.js';
import { contains, formatPrefix, parsePrefix } from '#ipam/prefix.js';
import { crossingRanges, linkedWith } from '#topology/crossing-ranges.js';
import type { ClusterState, GatewayState } from '#topology/network-state.js';
import { type Landscape, landscapeOf } from './gateways/landscape.js';
import type { LiveState } from './members.js';

/** Node id → the prefixes besides its addresses that may lead through it at any other node. */
export type Carried = ReadonlyMap<string, ReadonlySet<string>>;

const known = new WeakMap<Landscape, Carried>();

/**
 * What may lead through whom, listed from the facts and not by the planner's rules: checks look at a plan with this. Who
 * of the others sends it there is not told.
 */
export function carriedBy(state: LiveState): Carried {
  const landscape = landscapeOf(state);
  let carried = known.get(landscape);
  if (!carried) known.set(landscape, (carried = list(state)));
  return carried;
}

function list(state: LiveState): Carried {
  const carried = new Map<string, Set<string>>();
  const add = (nodeId: string | null | undefined, prefixes: readonly string[]) => {
    if (nodeId === null || nodeId === undefined) return;
    const all = carried.get(nodeId) ?? new Set();
    carried.set(nodeId, all);
    for (const prefix of prefixes) all.add(prefix);
  };
  for (const gateway of state.gateways.values()) add(gateway.active, behindGateway(state, gateway));
  for (const cluster of state.clusters.values()) {
    for (const [nodeId, pods] of cluster.members)
      add(nodeId, [...pods, ...pods.map((one) => seen(state, cluster, one))]);
    const sides = [cluster.clusterId, ...linkedWith(state, cluster.clusterId)].map((id) => state.clusters.get(id));
    const crossing = sides.flatMap((side) => (side ? crossingRanges(state, side).map((range) => range.crossing) : []));
    if (sides.length > 1) add(doorOf(state, cluster.clusterId)?.active, crossing);
  }
  for (const { clusterId, mesh } of state.publications.values())
    add(doorOf(state, clusterId)?.active, [hostPrefix(mesh.address)]);
  return carried;
}

function behindGateway(state: LiveState, { kind, gatewayId, ranges }: GatewayState): readonly string[] {
  if (kind === 'internet') return ['0.0.0.0/0', '::/0'];
  if (kind !== 'ingress') return ranges;
  const clients = [...state.clients.values()].filter((client) => client.gatewayId === gatewayId);
  return clients.flatMap(({ addresses }) => addresses.map(hostPrefix));
}

const doorOf = ({ gateways }: LiveState, clusterId: string) =>
  gateways.find((gateway) => gateway.clusterId === clusterId);

/** A node's pods by the addresses that cross links. */
function seen(state: LiveState, cluster: ClusterState, pods: string): string {
  const { family, base: value, length } = parsePrefix(pods);
  const range = crossingRanges(state, cluster).find(({ real }) => contains(parsePrefix(real), { family, value }));
  if (!range) return pods;
  const moved = translate({ family, value }, parsePrefix(range.real), parsePrefix(range.crossing));
  return formatPrefix({ family, base: moved.value, length });
}
