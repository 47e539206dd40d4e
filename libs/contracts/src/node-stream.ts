import { canonicalJson, sha256Hex } from './canonical.js';
import type { LockEntry, MemberRecord, MemberSignature } from './membership-lock.js';

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
  /** Present and true on a node that forwards for others: between the mesh and what is behind it, or between peers. */
  forward?: true;
  /** Once a new WireGuard key was asked for. */
  key?: KeyOrder;
  /** By an operator, over this node's own key and addresses: the others take it by the same. */
  signed?: MemberSignature;
}

/** How a node's WireGuard key changes (docs/agent.md, a new WireGuard key). */
export interface KeyOrder {
  /** Public half of the key to use: the others know the node by it. */
  current: string;
  /** Make a new key and offer it to the registry; the number tells one request from the next. */
  wanted?: number;
  /** The key that was offered: the others are learning it, the node keeps it ready. */
  next?: string;
}

export interface PeerResource {
  /** `peer/<node id>` */
  name: `peer/${string}`;
  /** The peer's node name, for people. */
  node: string;
  publicKey: string;
  /** The key it is about to have: known beside the other, without a prefix, so that its first handshake is answered. */
  nextKey?: string;
  /** Canonical prefixes, sorted. Disjoint from those of every other peer. */
  allowedIps: string[];
  /** `1.2.3.4:51820` or `[fd00::1]:51820`; null: the peer calls us. A roamed endpoint is not drift. */
  endpoint: string | null;
  /** Seconds between keepalives to this peer, whatever the interface says. */
  keepalive?: number;
  /** The node id of the peer through which this one is reached: its prefixes are that peer's, and it is no WireGuard peer itself. */
  via?: string;
  /** With `via`: a WireGuard peer all the same, without a prefix, so that a direct path can prove itself. */
  trial?: true;
  /** By an operator, over key and addresses; who has a lock takes no peer without. */
  signed?: MemberSignature & Pick<MemberRecord, 'addresses'>;
  /** The same for `nextKey`, over the same addresses. */
  nextSigned?: MemberSignature;
  /** Clients and services behind it whose addresses are among its prefixes, signed on their own. Sorted by id. */
  carries?: CarriedMember[];
}

export type CarriedMember = MemberSignature & Pick<MemberRecord, 'memberId' | 'publicKey' | 'addresses'>;

/** Which operators' keys count, as they signed it; sent once there is a lock. */
export interface LockResource {
  name: 'lock';
  /** All entries from the first. */
  chain: readonly LockEntry[];
}

/** A prefix that is reached through the mesh interface. */
export interface RouteResource {
  /** `route/<cidr>` */
  name: `route/${string}`;
  cidr: string;
}

/**
 * Address translation on a node that forwards. Where several fit the first packet of a flow, masquerade comes before
 * prefix: what leaves with the node's own address has no virtual one. Replies follow their flow.
 */
export type NatResource = { /** `nat/<id>` */ name: `nat/${string}` } & (
  | {
      /**
       * What crosses the edge of the tunnel, in or out, from `sources` toward `destinations` leaves with the node's own
       * address on the other side. What comes out of the tunnel and goes back into it does not cross the edge.
       */
      kind: 'masquerade';
      sources: string[];
      destinations: string[];
    }
  | {
      /**
       * 1:1 on the prefix: a destination in `virtual` that comes out of the tunnel becomes its `real` one, a
       * source in `real` that goes into the tunnel its `virtual` one, also where it came out of it (from another node
       * of the same cluster). Equal lengths.
       */
      kind: 'prefix';
      real: string;
      virtual: string;
    }
  | {
      /** A mesh address and port that stand for a service behind the node, for what comes out of the tunnel. */
      kind: 'publish';
      protocol: 'tcp' | 'udp';
      mesh: { address: string; port: number };
      service: { address: string; port: number };
    }
);

/**
 * What may be forwarded through the mesh interface, one way, replies included. Drops come before accepts; what no rule
 * accepts is not forwarded. Drops are counted. Destinations are those after translation, sources those before it: both
 * are what the node's own side of a translation sees: a virtual range of the node's own, alone or in a wider prefix, stands for
 * the real one as well. Of one list no prefix lies in another; a packet of one family is
 * compared with the prefixes of that family.
 */
export interface FilterResource {
  /** `filter/<id>` */
  name: `filter/${string}`;
  verdict: 'accept' | 'drop';
  sources: string[];
  destinations: string[];
  /** Only packets to this port (after translation); absent: whatever protocol and port. */
  service?: { protocol: 'tcp' | 'udp'; port: number };
  /** Also for what comes out of the tunnel to this node itself: from these sources nothing gets to it that no such filter accepts. */
  local?: true;
  /**
   * Only what comes out of the tunnel and goes back into it (`through`): nothing that the machine reaches otherwise is
   * opened. Only what does not (`edge`): what comes by is none of a cluster's. Absent: either.
   */
  way?: 'through' | 'edge';
}

/**
 * What comes out of the tunnel and goes back into it as it came, whatever routes and translations the machine has: a
 * relay's own networks, and its own way to the internet, are not what those mean who send through it. Of one list no
 * prefix lies in another.
 */
export interface TransitResource {
  /** `transit/<id>` */
  name: `transit/${string}`;
  /** Only from these; absent: whoever sends it. */
  sources?: string[];
  /** But not from these: clients that this machine itself lets in, and pods that it translates. */
  except?: string[];
  destinations: string[];
}

/** Everything that has no better way goes through the peer that has 0.0.0.0/0 (and ::/0). */
export interface InternetResource {
  name: 'internet';
  /** Only what comes out of the tunnel from these prefixes (clients behind this node) goes that way; absent: all, the node's own too. */
  sources?: string[];
  /** Prefixes that stay outside the tunnel: the control plane's addresses. Endpoints of peers always do. */
  outside: string[];
}

/** What a member of a gateway tries twice a second, from its own side, to prove that the range behind it answers. */
export interface ProbeResource {
  /** `probe/<gateway id>` */
  name: `probe/${string}`;
  /** Literal address; null: nothing to try, the report is a sign of life only. */
  address: string | null;
  /** TCP port; null: ICMP echo. */
  port: number | null;
}

/** What a node that holds no gateway and uses none is told. */
export type BaseResource = InterfaceResource | PeerResource | RouteResource | LockResource;
export type Resource = BaseResource | NatResource | FilterResource | TransitResource | InternetResource | ProbeResource;

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
