import { readAddress } from '#ipam/address.js';
import { contains, parsePrefix } from '#ipam/prefix.js';
import { crossingRanges, linkedWith } from '#topology/crossing-ranges.js';
import type { ClusterState, GatewayState, NetworkState, NodeState } from '#topology/network-state.js';
import { clientEndpoint, endpointNeed } from '../clients/client-endpoint.js';
import { relayNeeds } from './relay-needs.js';

/** What an operator has to do outside of Tombolo so that a gateway works, one sentence each. */
export function gatewayNeeds(state: NetworkState, gateway: GatewayState): string[] {
  return [...needsOfKind(state, gateway), ...relayNeeds(state, gateway)];
}

function needsOfKind(state: NetworkState, gateway: GatewayState): string[] {
  const node = gateway.active === null ? undefined : state.nodes.get(gateway.active);
  if (!node)
    return ['No node serves it: start the agent on one of its nodes, enable one, or make another one a member.'];
  switch (gateway.kind) {
    case 'egress':
      return gateway.masquerade ? [] : egressReturnRoutes(state, gateway, node);
    case 'cluster':
      return doorNeeds(state, gateway, node);
    case 'ingress':
      return clientEndpoint(state, node) === undefined ? [endpointNeed(state, node)] : [];
    case 'internet':
      return gateway.masquerade
        ? []
        : [
            `Without masquerade the internet answers only public addresses: set masquerade, or translate behind node "${node.name}".`,
          ];
    default:
      return gateway.kind satisfies never;
  }
}

/** Addresses of the mesh and of flat pods arrive as they are, so those behind the gateway must know the way back. */
function egressReturnRoutes(state: NetworkState, { ranges, members }: GatewayState, node: NodeState): string[] {
  const { cidr, cidr6 } = state.network ?? {};
  const flatPods = [...state.clusters.values()].flatMap(({ model, pods }) => (model === 'flat' ? pods : [])).sort();
  const sources = [cidr, cidr6, ...flatPods].filter((range) => typeof range === 'string');
  return ranges.flatMap((range) => {
    const back = sources.filter((source) => sameFamily(source, range));
    return back.length > 0 ? [returnRoute({ from: range, to: back, node, members })] : [];
  });
}

/** A link has a door at each end, by which also those machines go that run no agent. */
function doorNeeds(state: NetworkState, { clusterId, members }: GatewayState, node: NodeState): string[] {
  const cluster = state.clusters.get(clusterId ?? '');
  if (!cluster) return [];
  const partners = linkedWith(state, cluster.clusterId).flatMap((id) => state.clusters.get(id) ?? []);
  const withoutDoor = partners
    .filter((partner) => !state.gateways.some((other) => other.clusterId === partner.clusterId))
    .map(({ name }) => `Cluster "${name}", which it is linked with, has no gateway of kind cluster: create one.`);
  return [...withoutDoor.sort(), ...routesToPartners(state, { cluster, partners, node, members })];
}

interface Door {
  cluster: ClusterState;
  partners: ClusterState[];
  node: NodeState;
  members: readonly string[];
}

function routesToPartners(state: NetworkState, { cluster, partners, node, members }: Door): string[] {
  const to = [...new Set(partners.flatMap((partner) => crossingTexts(state, partner)))].sort();
  if (to.length === 0) return [];
  return [
    `Machines of cluster "${cluster.name}" that run no agent need a route to ${to.join(', ')} through node "${node.name}"${atAddress(node, cluster.pods)}; a route on their router or by their CNI will do.${whenItMoves(members)}`,
  ];
}

function returnRoute({ from, to, node, members }: ReturnRoute): string {
  return `Machines in ${from} need a route back to ${to.join(', ')} through node "${node.name}"${atAddress(node, [from])}, on each or on their router: source addresses arrive there as they are.${whenItMoves(members)}`;
}

interface ReturnRoute {
  from: string;
  to: string[];
  node: NodeState;
  members: readonly string[];
}

const whenItMoves = (members: readonly string[]) =>
  members.length > 1 ? ' When another of its nodes serves, the route has to move there.' : '';

/** The address that the others can name as next hop, where the node offers one that lies among them. */
function atAddress({ endpoints }: NodeState, ranges: readonly string[]): string {
  const local = endpoints.find(({ address }) => {
    const read = readAddress(address);
    return read && ranges.some((range) => contains(parsePrefix(range), read));
  });
  return local ? ` (${local.address})` : '';
}

const crossingTexts = (state: NetworkState, cluster: ClusterState) =>
  crossingRanges(state, cluster).map(({ crossing }) => crossing);

const sameFamily = (a: string, b: string) => a.includes(':') === b.includes(':');
