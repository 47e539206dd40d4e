import type { ClusterFact } from './cluster-facts.js';
import type { GatewayFact } from './gateway-facts.js';
import type { LockFact } from './lock-facts.js';
import type { RelayFact } from './relay-facts.js';
import type { SourceRecord } from './sources.js';

/**
 * The facts of a network and of the stream `system` (docs/events.md). A fact carries the decision (the address that was
 * allocated), never the recipe, so folding needs no clock, no randomness and no lookup. Recorded meanings never change:
 * a new shape is a new optional field with an upcaster, or a new type.
 */

export interface Metadata {
  /** `token/<name>`, `node/<id>`, `key/<id>`, `service/<name>`, `source/<name>` */
  actor: string;
  /** The command that made this fact; repeating the command makes no second one. */
  commandId: string;
  causationId?: string;
  correlationId?: string;
  /** When it was decided, ISO 8601 UTC, from the command. */
  at: string;
}

/** A UDP endpoint that a node offers. `public`: reachable from anywhere. `lan`: only inside its site. */
export interface Endpoint {
  /** Literal IPv4 or IPv6 address, never a name: `wg` blocks on names. */
  address: string;
  port: number;
  kind: 'public' | 'lan';
}

export type Labels = Record<string, string>;
export type DefaultPolicy = 'allow' | 'deny';
export type NetworkModel = 'flat' | 'isolated' | 'island' | 'archipelago';
export type RemovalReason = 'operator' | 'expired' | 'left' | 'external';

export interface NetworkSettings {
  /** IPv4 range in canonical form, or null for a network without IPv4. */
  cidr: string | null;
  cidr6: string | null;
  model: NetworkModel;
  mtu: number;
  /** Seconds between keepalives of a node behind NAT. */
  keepalive: number;
  defaultPolicy: DefaultPolicy;
  /** Where virtual ranges for overlapping clusters come from; null: none of that family; absent: the default (libs/topology). */
  virtualPool?: string | null;
  virtualPool6?: string | null;
}

export interface NodeRecord {
  nodeId: string;
  name: string;
  /** WireGuard public key, base64 of 32 bytes. */
  publicKey: string;
  /** X25519 key that desired state is sealed for, base64 of 32 bytes. */
  controlKey: string;
  /** Public half of the node's NATS user key (`U…`): credentials are minted for it. */
  natsKey: string;
  /** Host addresses without prefix length, IPv4 first. */
  addresses: string[];
  endpoints: Endpoint[];
  labels: Labels;
  site: string | null;
  /** Enrolment key used. */
  keyId: string;
  /** Seconds without a heartbeat after which an ephemeral node is removed; null: never. */
  ephemeralTtl: number | null;
}

export interface EnrolmentKeyRecord {
  keyId: string;
  /** SHA-256 of the secret, hex. The secret itself is nowhere. */
  secretHash: string;
  /** Enrolments it admits; null: any number. */
  uses: number | null;
  /** ISO 8601 UTC; null: never. */
  expiresAt: string | null;
  ephemeralTtl: number | null;
  labels: Labels;
  site: string | null;
}

export type NetworkFact =
  | { type: 'NetworkCreated'; data: { networkId: string; name: string } & NetworkSettings }
  | {
      type: 'NetworkChanged';
      data: {
        changes: Partial<Pick<NetworkSettings, 'mtu' | 'keepalive' | 'defaultPolicy' | 'virtualPool' | 'virtualPool6'>>;
      };
    }
  | { type: 'NetworkDeleted'; data: { networkId: string; name: string } }
  | { type: 'EnrolmentKeyCreated'; data: EnrolmentKeyRecord }
  | { type: 'EnrolmentKeyRevoked'; data: { keyId: string } }
  | { type: 'NodeEnrolled'; data: NodeRecord }
  | {
      type: 'NodeChanged';
      data: { nodeId: string; changes: Partial<Pick<NodeRecord, 'name' | 'labels' | 'site' | 'endpoints'>> };
    }
  /** An operator wants the node to have a new WireGuard key; the node makes it. */
  | { type: 'NodeKeyRotationRequested'; data: { nodeId: string } }
  /** The key that the node made. The others learn it beside the one in use. */
  | { type: 'NodeKeyOffered'; data: { nodeId: string; publicKey: string } }
  | { type: 'NodeKeyRotated'; data: { nodeId: string; publicKey: string } }
  | { type: 'NodeDisabled'; data: { nodeId: string } }
  | { type: 'NodeEnabled'; data: { nodeId: string } }
  | { type: 'NodeRemoved'; data: { nodeId: string; reason: RemovalReason } }
  | ClusterFact
  | GatewayFact
  | RelayFact
  | LockFact;

export type SystemFact =
  | { type: 'NetworkListed'; data: { networkId: string; name: string; cidr: string | null; cidr6: string | null } }
  | { type: 'NetworkDelisted'; data: { networkId: string } }
  | { type: 'ApiTokenCreated'; data: { tokenId: string; name: string; secretHash: string; role: ApiRole } }
  | { type: 'ApiTokenRevoked'; data: { tokenId: string } }
  | { type: 'SourceCreated'; data: SourceRecord }
  | { type: 'SourceRevoked'; data: { sourceId: string } }
  | { type: 'CommandRejected'; data: { actor: string; command: string; code: string; network: string | null } };

export type ApiRole = 'admin' | 'operator' | 'viewer';

export type AnyFact = NetworkFact | SystemFact;

/** A fact on its way into the log. */
export type NewFact<F extends AnyFact = AnyFact> = F & { metadata: Metadata };

/** A fact as the log holds it. Versions count 1, 2, 3… per stream without gaps. */
export type RecordedFact<F extends AnyFact = AnyFact> = NewFact<F> & {
  /** `system` or the network's id. */
  stream: string;
  version: number;
  /** SHA-256, hex, of the predecessor's hash and this fact's canonical content. */
  hash: string;
  /** When the database stored it, ISO 8601 UTC; not part of the hash. */
  recordedAt: string;
};
