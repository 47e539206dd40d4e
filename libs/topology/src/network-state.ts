import type { Map as ImmutableMap, OrderedMap, Set as ImmutableSet } from 'immutable';
import type { EnrolmentKeyRecord, NetworkSettings, NodeRecord } from '#contracts/facts.js';
import type { ClusterRecord } from '#contracts/cluster-facts.js';
import type { ClientRecord, GatewayRecord, PublicationRecord } from '#contracts/gateway-facts.js';
import type { LockEntry, MemberSignature } from '#contracts/membership-lock.js';
import type { AssignmentReason, DirectPath, Reachability } from '#contracts/relay-facts.js';
import type { PoolState } from '#ipam/pool.js';

/** The fold of one network's facts. Persistent maps: an older state stays valid and costs nothing to keep. */
export interface NetworkState {
  /** Log version of the newest fact folded; 0 before the first. */
  version: number;
  /** null before `NetworkCreated` and after `NetworkDeleted`. */
  network: NetworkInfo | null;
  nodes: ImmutableMap<string, NodeState>;
  nodeIdByName: ImmutableMap<string, string>;
  /** WireGuard public key → node id; a key that a node has offered is in use as well. */
  nodeIdByPublicKey: ImmutableMap<string, string>;
  nodeIdByControlKey: ImmutableMap<string, string>;
  nodeIdByNatsKey: ImmutableMap<string, string>;
  keys: ImmutableMap<string, KeyState>;
  /** Address pools; null where the network has no range of that family. */
  pool4: PoolState | null;
  pool6: PoolState | null;
  /**
   * Removed nodes whose credentials may still be alive, oldest first: node id → NATS user key and removal time.
   * Forgotten after REMOVED_NODES_KEPT_MS.
   */
  removedNodes: OrderedMap<string, RemovedNode>;
  clusters: ImmutableMap<string, ClusterState>;
  gateways: ImmutableMap<string, GatewayState>;
  links: ImmutableMap<string, LinkState>;
  /** By `<cluster id> <real prefix>`. */
  virtualRanges: ImmutableMap<string, VirtualRange>;
  publications: ImmutableMap<string, PublicationState>;
  clients: ImmutableMap<string, ClientState>;
  /** By node id; a node without an entry is taken by what it offers. */
  reachability: ImmutableMap<string, ReachabilityState>;
  /** By node id. */
  relays: ImmutableMap<string, RelayState>;
  /** By the id of the node that has the relay. */
  assignments: ImmutableMap<string, AssignmentState>;
  /** Node id → relay id, as an operator wishes. */
  relayPins: ImmutableMap<string, string>;
  /** Node id → other node's id → what is known of the pair; the same object from both ends. */
  paths: ImmutableMap<string, ImmutableMap<string, PathState>>;
  /** Which operators' keys count, from the first entry on; empty: there never was a lock. */
  lock: readonly LockEntry[];
}

/** `version` is that of the fact. */
export type MemberSigned = MemberSignature & { version: number };

export interface NetworkInfo extends NetworkSettings {
  networkId: string;
  name: string;
  createdAt: string;
  /** Log version of the fact that made it so: the resource's ETag. */
  version: number;
}

export interface NodeState extends NodeRecord {
  enabled: boolean;
  /** Once a new WireGuard key was asked for. */
  keyRotation?: KeyRotation;
  /** By an operator, over the key in use, and over the one on offer. */
  signed?: MemberSigned;
  nextSigned?: MemberSigned;
  enrolledAt: string;
  version: number;
}

/** How far a node is with its new key; `version` is that of the fact that made it so. */
export type KeyRotation =
  | { step: 'requested'; version: number }
  /** `publicKey` is learned by the others, beside the one in use. */
  | { step: 'offered'; version: number; publicKey: string }
  | { step: 'done'; version: number };

export interface KeyState extends EnrolmentKeyRecord {
  /** Enrolments admitted so far. */
  used: number;
  revoked: boolean;
  createdAt: string;
  version: number;
}

export interface ClusterState extends ClusterRecord {
  /** Node id → the ranges of that node's own pods. */
  members: ImmutableMap<string, readonly string[]>;
  createdAt: string;
  version: number;
}

export interface GatewayState extends GatewayRecord {
  /** The member that serves; null: none. */
  active: string | null;
  draining: readonly string[];
  createdAt: string;
  version: number;
}

export interface LinkState {
  linkId: string;
  /** Cluster ids, the lower first. */
  a: string;
  b: string;
  version: number;
}

export interface VirtualRange {
  clusterId: string;
  real: string;
  virtual: string;
}

export interface PublicationState extends PublicationRecord {
  signed?: MemberSigned;
  version: number;
}

export interface ClientState extends ClientRecord {
  signed?: MemberSigned;
  createdAt: string;
  version: number;
}

export interface ReachabilityState extends Reachability {
  nodeId: string;
  /** When it was decided, ISO 8601 UTC. */
  at: string;
  version: number;
}

export interface RelayState {
  nodeId: string;
  capacity: number;
  /** Ids of the nodes behind it. */
  nodes: ImmutableSet<string>;
  createdAt: string;
  /** Of the newest `RelaySet`; assignments leave it. */
  version: number;
}

export interface AssignmentState {
  nodeId: string;
  relayId: string;
  reason: AssignmentReason;
  /** ISO 8601 UTC */
  since: string;
}

/** A pair of nodes that is an exception: on trial, proven, or failed. */
export interface PathState {
  /** The lower id. */
  a: string;
  b: string;
  over: DirectPath;
  phase: 'trying' | 'proven' | 'failed';
  /** Since when it is in this phase, ISO 8601 UTC. */
  since: string;
  /** In a row. */
  failures: number;
  /** Phase failed: no trial before this time, unless one of both changes. */
  retryAt: string | null;
  /** Phase failed: what was wrong, for people. */
  reason?: string;
}

export interface RemovedNode {
  natsKey: string;
  /** ISO 8601 UTC */
  at: string;
}

/** No credential lives this long; a removed node's name for them may be forgotten afterwards. */
export const REMOVED_NODES_KEPT_MS = 7 * 24 * 60 * 60 * 1000;
