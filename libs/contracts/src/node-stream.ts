import { canonicalJson, sha256Hex } from './canonical.js';

/**
 * What a node shall be, as named resources (docs/nats.md). A message carries whole bodies, so folding is a map of
 * name to body, and the digest tells whether two parties hold the same set.
 */

export interface InterfaceResource {
  name: 'interface';
  /** Network and node name, for people: `status` shows them. */
  network: string;
  node: string;
  /** Host addresses with full prefix length: `10.90.0.5/32`, `fd12::5/128`. */
  addresses: string[];
  mtu: number;
  /** Seconds; set where this node is behind NAT, then sent to every peer that has an endpoint. */
  keepalive: number | null;
}

export interface PeerResource {
  /** `peer/<node id>` */
  name: `peer/${string}`;
  /** The peer's node name, for people. */
  node: string;
  publicKey: string;
  /** Canonical prefixes, sorted. Disjoint from those of every other peer. */
  allowedIps: string[];
  /** `1.2.3.4:51820` or `[fd00::1]:51820`; null: the peer calls us. A roamed endpoint is not drift. */
  endpoint: string | null;
}

/** A prefix that is reached through the mesh interface. */
export interface RouteResource {
  /** `route/<cidr>` */
  name: `route/${string}`;
  cidr: string;
}

export type Resource = InterfaceResource | PeerResource | RouteResource;

/** Clear but authenticated part of every message; travels in the header `Tombolo-Head`. */
export interface MessageHead {
  kind: 'full' | 'delta';
  /** Rises with every change of the publishing replica; agents drop lower ones. */
  epoch: number;
  /** Counts 1, 2, 3… per node. */
  revision: number;
  /** The version of the network's log that this state follows from. */
  logVersion: number;
  /** Digest of the whole set after this message is folded. */
  digest: string;
}

export interface FullBody {
  resources: Resource[];
}

export interface DeltaBody {
  upserts: Resource[];
  /** Names. */
  removed: string[];
}

export type NodeMessage =
  { head: MessageHead & { kind: 'full' }; body: FullBody } | { head: MessageHead & { kind: 'delta' }; body: DeltaBody };

export const HEAD_HEADER = 'Tombolo-Head';

/** `f.<epoch>.<revision>.<logVersion>.<digest>` or `d.…`; the exact text is authenticated by the seal. */
export function formatHead(head: MessageHead): string {
  return `${head.kind === 'full' ? 'f' : 'd'}.${head.epoch}.${head.revision}.${head.logVersion}.${head.digest}`;
}

/** @returns undefined when the text is not a head */
export function parseHead(text: string): MessageHead | undefined {
  const match = /^([fd])\.(\d{1,15})\.(\d{1,15})\.(\d{1,15})\.([0-9a-f]{32})$/.exec(text);
  if (!match) return undefined;
  const [, kind, epoch, revision, logVersion, digest] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  return { kind: kind === 'f' ? 'full' : 'delta', epoch: +epoch, revision: +revision, logVersion: +logVersion, digest };
}

const MODULUS = 1n << 128n;

/** 128-bit content hash of one resource: the first half of SHA-256 over its canonical JSON. */
export function resourceHash(resource: Resource): bigint {
  return BigInt('0x' + sha256Hex(canonicalJson(resource)).slice(0, 32));
}

/**
 * Set hash: the sum of the resource hashes modulo 2^128. One change is one subtraction and one addition, whatever the
 * size of the set. It detects loss and divergence; forgery is kept out by the seal, not by this.
 */
export const EMPTY_DIGEST = 0n;
export const addToDigest = (digest: bigint, hash: bigint) => (digest + hash) % MODULUS;
export const removeFromDigest = (digest: bigint, hash: bigint) => (digest - hash + MODULUS) % MODULUS;
export const formatDigest = (digest: bigint) => digest.toString(16).padStart(32, '0');

export function digestOf(resources: Iterable<Resource>): bigint {
  let digest = EMPTY_DIGEST;
  for (const resource of resources) digest = addToDigest(digest, resourceHash(resource));
  return digest;
}
