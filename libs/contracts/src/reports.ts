import type { Endpoint } from './facts.js';

/** Peers and prefixes of the set that the agent does not take, because no operator signed them; absent: none. */
export interface Refusals {
  refused?: { resource: string; message: string }[];
}

/** What an agent tells on `tombolo.reports.<node>.<kind>`: JSON, sealed by nothing, so a hint and never an authority. */

export interface AppliedReport extends Refusals {
  epoch: number;
  revision: number;
  digest: string;
  /** The version of the network's log that the set follows from; absent from agents of 0.1. */
  logVersion?: number;
  /** Milliseconds from receipt of the message to the read-back of the kernel. */
  tookMs: number;
}

export interface RejectedReport {
  epoch: number;
  revision: number;
  /** Revision that is still held. */
  held: number;
  errors: { resource: string; message: string }[];
}

/** Every 30 s with jitter, and at connect. */
export interface HeartbeatReport extends Refusals {
  agentVersion: string;
  epoch: number;
  revision: number;
  digest: string;
  /** As in {@link AppliedReport}. */
  logVersion?: number;
  backend: 'kernel' | 'userspace' | 'none';
  peers: number;
  /** Drift repaired since the agent started. */
  repairs: number;
}

/** The agent cannot follow from what the stream holds (ring wrapped, state lost, digest mismatch): it wants a full. */
export interface ResyncReport {
  epoch: number;
  revision: number;
  reason: 'no_state' | 'gap' | 'digest_mismatch' | 'unreadable';
}

/**
 * What a node sees of the others, for choosing paths (docs/paths.md): what is new since its last report, and little by
 * little all of it again. At most one in ten seconds unless a link that is watched changes, or a peer is lost.
 */
export interface ObservedReport {
  /** The same as long as the agent runs: another one says that it was started anew. Absent from agents of 0.1. */
  run?: string;
  /** Where this machine can be called, by its own addresses now. */
  endpoints: Endpoint[];
  peers: ObservedLink[];
  /** On a relay: pairs of node ids that it forwarded for lately. */
  forwarded: [string, string][];
}

export interface ObservedLink {
  nodeId: string;
  /** Where it is seen; null: nowhere yet. */
  endpoint: string | null;
  /** `unanswered`: it was called and nothing came; for how long, docs/paths.md tells. */
  link: 'up' | 'unanswered';
  /** Round-trip time through the tunnel, milliseconds; null: not measured. */
  rtt: number | null;
  /** Seconds since its newest handshake, when this was told; null: there was none. Absent from agents of 0.1. */
  handshakeAge?: number | null;
}

/** What a member of a gateway tells twice a second: one message for all of its gateways. */
export interface ProbeReport {
  gateways: GatewayProbe[];
  /** Seconds since the newest handshake with any peer; null: none yet. */
  handshakeAge: number | null;
}

export interface GatewayProbe {
  gatewayId: string;
  /** The target answered from the member's own side; true where there is none to try. */
  ok: boolean;
  /** What happened, for people. */
  detail: string;
}
