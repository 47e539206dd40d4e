import type { Delegation } from './delegation.js';
import type { Endpoint, Labels } from './facts.js';
import type { MemberSignature } from './membership-lock.js';

/**
 * The one string an operator hands to a node: where the server is, which certificate it must show, and the secret.
 * `tmb_` + base64url of JSON.
 */
export interface EnrolmentToken {
  v: 1;
  /** Base URL of the HTTP API: `https://10.0.0.1:8080`. */
  url: string;
  /** SHA-256 of the authority's (or, for a given certificate, the server's) DER certificate, hex; null for plain HTTP on loopback. */
  pin: string | null;
  keyId: string;
  secret: string;
  /** Fingerprint of the network's lock: the node takes no peer that it does not vouch for. Absent: there was none when the token was made. */
  lock?: string;
  /** What the node signs its own membership with: 32 bytes, base64url, and what an operator signed of them. The server never has it. */
  signing?: { seed: string; delegation: Delegation };
}

/** `POST /api/v1/enroll`, with the token's secret as `Authorization: Bearer <keyId>.<secret>`. */
export interface EnrolRequest {
  name: string;
  publicKey: string;
  controlKey: string;
  natsKey: string;
  endpoints?: Endpoint[];
  labels?: Labels;
  site?: string;
}

export interface EnrolResponse {
  nodeId: string;
  network: string;
  name: string;
  addresses: string[];
  /** X25519 public key of the controller, base64: the other half of every seal. */
  controllerKey: string;
  /** PEM of the authority that signed HTTP's and NATS's certificates; null: system roots or no TLS. */
  ca: string | null;
  nats: { urls: string[]; jwt: string; /** ISO 8601 UTC */ expiresAt: string };
  /** Log version of the enrolment. */
  version: number;
}

/**
 * `POST /api/v1/nodes/{nodeId}/credentials` (refresh), `POST …/public-key` (rotate-key), `POST …/membership` (membership) and
 * `DELETE /api/v1/nodes/{nodeId}` (leave) from the node itself: signed with the node's NATS user key over
 * `<action>:<nodeId>:<at>`, for rotate-key followed by `:<publicKey>`; `at` may be five minutes off.
 */
export interface NodeProof {
  action: 'refresh' | 'leave' | 'rotate-key' | 'membership';
  at: string;
  /** rotate-key: the new WireGuard public key */
  publicKey?: string;
  /** membership: what the node signed of itself; it proves itself */
  signed?: Required<Omit<MemberSignature, 'mayCarry'>>;
  /** base64 of the Ed25519 signature */
  signature: string;
}

/** The answer to `refresh`: a new login in place of the one that enrolment gave. */
export type CredentialsResponse = EnrolResponse['nats'];

export const proofText = ({ action, at, publicKey }: Omit<NodeProof, 'signature'>, nodeId: string) =>
  [action, nodeId, at, ...(publicKey === undefined ? [] : [publicKey])].join(':');
