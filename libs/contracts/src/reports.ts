/** What an agent tells on `tombolo.reports.<node>.<kind>`: JSON, sealed by nothing, so a hint and never an authority. */

export interface AppliedReport {
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
export interface HeartbeatReport {
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
