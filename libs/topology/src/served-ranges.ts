import { Refusal } from '#contracts/errors.js';
import { readAddress } from '#ipam/address.js';
import { contains, formatPrefix, overlaps, parsePrefix, type Prefix } from '#ipam/prefix.js';
import { meshRanges } from './endpoints.js';
import type { NetworkState, NodeState } from './network-state.js';
import type { OwnedRange } from './ranges.js';

/** @throws Refusal `range_in_mesh` for a range that equals a mesh range or lies inside it */
export function refuseInMesh(state: NetworkState, ranges: readonly OwnedRange[]): void {
  for (const { owner, range } of ranges) {
    const mesh = meshRanges(state).find((mesh) => mesh.length <= range.length && overlaps(mesh, range));
    if (mesh)
      throw new Refusal(
        'range_in_mesh',
        `${formatPrefix(range)} of ${owner} lies in ${formatPrefix(mesh)} of network "${state.network?.name}"; name a range outside the mesh`,
      );
  }
}

/**
 * The tunnel to a node may not lead through itself. A LAN endpoint counts only where somebody would dial it: another
 * node of its site that does not serve the range too.
 * @throws Refusal `endpoint_in_range` naming the node and its endpoint
 */
export function refuseEndpointInside(state: NetworkState, ranges: readonly Prefix[], servers: readonly string[]): void {
  for (const nodeId of servers) {
    const node = state.nodes.get(nodeId);
    const endpoint = node && dialled(state, node, servers).find(({ address }) => inOneOf(ranges, address));
    if (endpoint)
      throw new Refusal(
        'endpoint_in_range',
        `node "${node.name}" is reached at ${endpoint.address}, which is in a range that leads through it; leave that address out of the range, or the endpoint out of the node`,
      );
  }
}

/**
 * What must hold for a node whose endpoints or site are new: nobody's way to it may lead through a tunnel. Virtual ranges
 * are reached through the mesh by everybody; the ranges that a node serves are reached through it.
 * @throws Refusal `endpoint_in_range` naming the range and whose it is
 */
export function refuseEndpointsServed(after: NetworkState, nodeId: string): void {
  const node = after.nodes.get(nodeId);
  for (const { clusterId, virtual } of after.virtualRanges.values()) {
    const endpoint = node?.endpoints.find(({ address }) => inOneOf([parsePrefix(virtual)], address));
    if (endpoint)
      throw new Refusal(
        'endpoint_in_range',
        `${endpoint.address} of node "${node?.name}" is in ${virtual}, the virtual range of cluster "${after.clusters.get(clusterId)?.name ?? clusterId}"; leave that endpoint out`,
      );
  }
  for (const gateway of after.gateways.values()) {
    if (!node || !gateway.members.includes(nodeId)) continue;
    const cluster = after.clusters.get(gateway.clusterId ?? '');
    const ranges = [...gateway.ranges, ...(cluster ? [...cluster.pods, ...cluster.services] : [])].map(parsePrefix);
    const endpoint = dialled(after, node, gateway.members).find(({ address }) => inOneOf(ranges, address));
    if (endpoint)
      throw new Refusal(
        'endpoint_in_range',
        `${endpoint.address} of node "${node.name}" is in a range of gateway "${gateway.name}", which leads through the node; leave that endpoint out, or the address out of the range`,
      );
  }
  for (const { model, pods, members } of after.clusters.values()) {
    if (model === 'flat' && members.has(nodeId))
      refuseEndpointInside(after, pods.map(parsePrefix), [...members.keys()].sort());
  }
}

function dialled(state: NetworkState, node: NodeState, servers: readonly string[]) {
  const dialsLan = state.nodes.some(
    ({ site, nodeId }) => site !== null && site === node.site && !servers.includes(nodeId),
  );
  return node.endpoints.filter(({ kind }) => kind === 'public' || dialsLan);
}

function inOneOf(ranges: readonly Prefix[], text: string): boolean {
  const address = readAddress(text);
  return address !== undefined && ranges.some((range) => contains(range, address));
}
