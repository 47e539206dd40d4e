import type { ClusterRecord } from '#contracts/cluster-facts.js';
import type { NetworkFact } from '#contracts/facts.js';
import type { ClientRecord, GatewayRecord, PublicationRecord } from '#contracts/gateway-facts.js';
import { nodeId, wireguardKey } from './network-facts.js';

/** Facts of clusters and gateways in the network of `network-facts.ts`; `n` counts from 1. */
export const clusterId = (n: number) => id('0011', n);
export const gatewayId = (n: number) => id('0012', n);
export const linkId = (n: number) => id('0013', n);
export const clientId = (n: number) => id('0014', n);
export const publicationId = (n: number) => id('0015', n);

/** All clusters have the same ranges, as k3s makes them, unless told otherwise. */
export const clusterDeclared = (n: number, overrides: Partial<ClusterRecord> = {}): NetworkFact => ({
  type: 'ClusterDeclared',
  data: {
    clusterId: clusterId(n),
    name: `cluster-${n}`,
    pods: ['10.42.0.0/16'],
    services: ['10.43.0.0/16'],
    model: 'archipelago',
    ...overrides,
  },
});

export const gatewayRecord = (n: number, overrides: Partial<GatewayRecord> = {}): GatewayRecord => ({
  gatewayId: gatewayId(n),
  name: `gateway-${n}`,
  kind: 'egress',
  ranges: overrides.kind && overrides.kind !== 'egress' ? [] : [`192.168.${n}.0/24`],
  masquerade: true,
  members: [nodeId(1)],
  probe: null,
  clusterId: null,
  users: { nodes: [], clients: [] },
  ...overrides,
});

export const gatewayCreated = (n: number, overrides: Partial<GatewayRecord> = {}): NetworkFact => ({
  type: 'GatewayCreated',
  data: gatewayRecord(n, overrides),
});

export const activated = (n: number, active: string | null): NetworkFact => ({
  type: 'GatewayActivated',
  data: { gatewayId: gatewayId(n), active, reason: 'created' },
});

export const linked = (n: number, a: number, b: number): NetworkFact => ({
  type: 'ClustersLinked',
  data: { linkId: linkId(n), a: clusterId(a), b: clusterId(b) },
});

export const assigned = (n: number, real: string, virtual: string): NetworkFact => ({
  type: 'VirtualRangeAssigned',
  data: { clusterId: clusterId(n), real, virtual },
});

export const clientRecord = (n: number, overrides: Partial<ClientRecord> = {}): ClientRecord => ({
  clientId: clientId(n),
  name: `client-${n}`,
  publicKey: wireguardKey(500 + n),
  addresses: [`10.90.5.${n}`, `fd00:90::5:${n}`],
  gatewayId: gatewayId(1),
  allowed: ['10.90.0.0/16', 'fd00:90::/64'],
  ...overrides,
});

export const clientCreated = (n: number, overrides: Partial<ClientRecord> = {}): NetworkFact => ({
  type: 'ClientCreated',
  data: clientRecord(n, overrides),
});

export const publicationRecord = (n: number, overrides: Partial<PublicationRecord> = {}): PublicationRecord => ({
  publicationId: publicationId(n),
  clusterId: clusterId(1),
  protocol: 'tcp',
  service: { address: '10.43.0.10', port: 443 },
  mesh: { address: '10.90.7.7', port: 443 },
  ...overrides,
});

export const servicePublished = (n: number, overrides: Partial<PublicationRecord> = {}): NetworkFact => ({
  type: 'ServicePublished',
  data: publicationRecord(n, overrides),
});

/** A valid UUIDv7 that tells by its text what it is. */
const id = (kind: string, n: number) => `019770d8-${kind}-7000-8000-${n.toString(16).padStart(12, '0')}`;
