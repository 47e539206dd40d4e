/** `egress`: into a private range behind a node. `ingress`: external clients in. `internet`: everything. `cluster`: a cluster's door. */
export type GatewayKind = 'egress' | 'ingress' | 'internet' | 'cluster';

/** What a member tries, to prove that the range behind it answers. */
export interface ProbeTarget {
  /** Literal address inside a range of the gateway. */
  address: string;
  /** TCP port; null: ICMP echo. */
  port: number | null;
}

/** Owner: gateway-manager. */
export interface GatewayRecord {
  gatewayId: string;
  name: string;
  kind: GatewayKind;
  /** Egress: the ranges behind it, canonical, sorted. Empty for the other kinds. */
  ranges: string[];
  /** Traffic leaves with the gateway's own address. */
  masquerade: boolean;
  /** Node ids in order of preference. */
  members: string[];
  probe: ProbeTarget | null;
  /** Kind cluster: whose door it is. */
  clusterId: string | null;
  /** Kind internet: who sends everything through it. Node ids and client ids. */
  users: { nodes: string[]; clients: string[] };
}

export type ActivationReason =
  'created' | 'preferred' | 'probe failed' | 'host lost' | 'drained' | 'handshake stale' | 'member removed';

/** An external client with stock WireGuard, behind an ingress gateway. */
export interface ClientRecord {
  clientId: string;
  name: string;
  /** WireGuard public key, base64 of 32 bytes; its private half was made by the client's side. */
  publicKey: string;
  /** Host addresses from the network's ranges, IPv4 first. */
  addresses: string[];
  gatewayId: string;
  /** Ranges it may reach, canonical, sorted. */
  allowed: string[];
}

/** A service of an island, reachable at a mesh address. */
export interface PublicationRecord {
  publicationId: string;
  clusterId: string;
  protocol: 'tcp' | 'udp';
  /** Inside the cluster. */
  service: { address: string; port: number };
  /** On the mesh: an address that belongs to nobody else (allocated), or that of the door's node. */
  mesh: { address: string; port: number };
}

export type GatewayFact =
  | { type: 'GatewayCreated'; data: GatewayRecord }
  | {
      type: 'GatewayChanged';
      data: {
        gatewayId: string;
        changes: Partial<Pick<GatewayRecord, 'ranges' | 'masquerade' | 'members' | 'probe' | 'users'>>;
      };
    }
  | { type: 'GatewayRemoved'; data: { gatewayId: string } }
  /** `active` null: no member can serve. */
  | { type: 'GatewayActivated'; data: { gatewayId: string; active: string | null; reason: ActivationReason } }
  /** A draining member serves only while no other can. */
  | { type: 'GatewayDraining'; data: { gatewayId: string; nodeId: string; draining: boolean } }
  | { type: 'ClustersLinked'; data: { linkId: string; a: string; b: string } }
  | { type: 'ClustersUnlinked'; data: { linkId: string } }
  /** `real` and `virtual` have equal length; `10.42.7.9` of `10.42.0.0/16` is always `100.97.7.9` of `100.97.0.0/16`. */
  | { type: 'VirtualRangeAssigned'; data: { clusterId: string; real: string; virtual: string } }
  | { type: 'VirtualRangeReleased'; data: { clusterId: string; real: string } }
  | { type: 'ServicePublished'; data: PublicationRecord }
  | { type: 'ServiceWithdrawn'; data: { publicationId: string } }
  | { type: 'ClientCreated'; data: ClientRecord }
  | { type: 'ClientRevoked'; data: { clientId: string } };
