import { crossingRanges, type CrossingRange } from './crossing-ranges.js';
import type {
  ClientState,
  ClusterState,
  GatewayState,
  LinkState,
  NetworkState,
  PublicationState,
} from './network-state.js';

/** What the API shows of clusters, gateways and what hangs on them; `version` is the resource's ETag. */
export interface ClusterView extends Omit<ClusterState, 'members'> {
  /** By node id. */
  members: { nodeId: string; pods: readonly string[] }[];
  /** Its ranges as the other side of a link sees them. */
  crossing: CrossingRange[];
}

export type GatewayView = GatewayState;
export type ClientView = Omit<ClientState, 'signed'>;
export type PublicationView = Omit<PublicationState, 'signed'>;

export interface LinkView extends LinkState {
  /** What crosses, from each of both clusters. */
  ranges: { a: CrossingRange[]; b: CrossingRange[] };
}

export function clusterView(state: NetworkState, { members, ...cluster }: ClusterState): ClusterView {
  const sorted = [...members].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...cluster,
    members: sorted.map(([nodeId, pods]) => ({ nodeId, pods })),
    crossing: crossingRanges(state, cluster),
  };
}

export function linkView(state: NetworkState, link: LinkState): LinkView {
  const crossing = (clusterId: string) => {
    const cluster = state.clusters.get(clusterId);
    return cluster ? crossingRanges(state, cluster) : [];
  };
  return { ...link, ranges: { a: crossing(link.a), b: crossing(link.b) } };
}

export const gatewayView = (gateway: GatewayState): GatewayView => gateway;
export const clientView = ({ signed: _signed, ...view }: ClientState): ClientView => view;
export const publicationView = ({ signed: _signed, ...view }: PublicationState): PublicationView => view;
