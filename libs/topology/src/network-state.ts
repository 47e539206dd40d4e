import type { Map as ImmutableMap } from 'immutable';
import type { EnrolmentKeyRecord, NetworkSettings, NodeRecord } from '#contracts/facts.js';
import type { PoolState } from '#ipam/pool.js';

/** The fold of one network's facts. Persistent maps: an older state stays valid and costs nothing to keep. */
export interface NetworkState {
  /** Log version of the newest fact folded; 0 before the first. */
  version: number;
  /** null before `NetworkCreated` and after `NetworkDeleted`. */
  network: NetworkInfo | null;
  nodes: ImmutableMap<string, NodeState>;
  nodeIdByName: ImmutableMap<string, string>;
  /** WireGuard public key → node id. */
  nodeIdByPublicKey: ImmutableMap<string, string>;
  keys: ImmutableMap<string, KeyState>;
  /** Address pools; null where the network has no range of that family. */
  pool4: PoolState | null;
  pool6: PoolState | null;
  /** Removed nodes whose credentials may still be alive: node id → NATS user key and removal time. */
  removedNodes: ImmutableMap<string, { natsKey: string; at: string }>;
}

export interface NetworkInfo extends NetworkSettings {
  networkId: string;
  name: string;
  createdAt: string;
  /** Log version of the fact that made it so: the resource's ETag. */
  version: number;
}

export interface NodeState extends NodeRecord {
  enabled: boolean;
  enrolledAt: string;
  version: number;
}

export interface KeyState extends EnrolmentKeyRecord {
  /** Enrolments admitted so far. */
  used: number;
  revoked: boolean;
  createdAt: string;
  version: number;
}
