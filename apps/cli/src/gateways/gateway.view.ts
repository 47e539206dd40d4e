import { formatEndpoint } from '#ipam/endpoint-text.js';
import type { ClusterReference } from '../clusters/cluster.view.js';
import type { Column } from '../output/render.js';

export interface NodeReference {
  nodeId: string;
  name: string;
}

export interface GatewayView {
  gatewayId: string;
  name: string;
  kind: string;
  /** In order of preference. */
  nodes: NodeReference[];
  /** null: nobody serves. */
  active: NodeReference | null;
  draining: NodeReference[];
  ranges: string[];
  masquerade: boolean;
  probe: { address: string; port: number | null } | null;
  cluster: ClusterReference | null;
  users: { nodes: NodeReference[]; clients: { clientId: string; name: string }[] };
  createdAt: string;
  version: number;
}

export const gatewayColumns: Column<GatewayView>[] = [
  ['name', (gateway) => gateway.name],
  ['kind', (gateway) => gateway.kind],
  ['active', (gateway) => gateway.active?.name ?? 'nobody'],
  ['nodes', (gateway) => gateway.nodes.map(({ name }) => name).join(' ')],
  ['serves', serves],
  ['probe', (gateway) => gateway.probe && probeText(gateway.probe)],
];

export const gatewayDetails: Column<GatewayView>[] = [
  ...gatewayColumns,
  ['draining', (gateway) => gateway.draining.map(({ name }) => name).join(' ')],
  ['masquerade', (gateway) => (gateway.masquerade ? 'yes' : 'no')],
  ['created', (gateway) => gateway.createdAt],
  ['id', (gateway) => gateway.gatewayId],
  ['version', (gateway) => gateway.version],
];

/** What a gateway of its kind is for: ranges, a cluster, or those who use it. */
function serves({ kind, ranges, cluster, users }: GatewayView): string {
  if (kind === 'internet') return [...users.nodes, ...users.clients].map(({ name }) => name).join(' ');
  return cluster ? cluster.name : ranges.join(' ');
}

export const probeText = ({ address, port }: { address: string; port: number | null }) =>
  port === null ? address : formatEndpoint(address, port);
