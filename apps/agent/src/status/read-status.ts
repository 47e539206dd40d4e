import { isLockOn, type LockPin } from '#contracts/membership-lock.js';
import { formatDigest, type PeerResource } from '#contracts/node-stream.js';
import { readAddress } from '#ipam/address.js';
import { isPrivate } from '#ipam/address-kind.js';
import { parseEndpoint } from '#ipam/endpoint-text.js';
import { desiredDevice, isInternet, isPeer, type LocalSettings } from '#wireguard/core/desired-device.js';
import { type Backend, type Device, DeviceError } from '#wireguard/core/device.js';
import { diffDevice } from '#wireguard/core/diff-device.js';
import { counterName, isFilter, UNMATCHED } from '#wireguard/core/firewall/firewall.js';
import type { ObservedDevice } from '#wireguard/core/observed-device.js';
import type { Members } from '../members/members.js';
import type { HeldSet } from '../state/held-set.js';
import type { Identity } from '../state/identity.js';

/** `tombolo-agent status -o json`: part of the public interface. */
export interface AgentStatus {
  network: string;
  node: string;
  interface: string;
  backend: Backend | 'none';
  revision: number;
  digest: string | null;
  /** When that revision was applied and read back, ISO 8601 UTC; null: nothing yet. */
  lastApply: string | null;
  /** WireGuard public key of this node, to be compared with what an operator is asked to sign. */
  publicKey: string;
  /** The key that takes its place once its peers know it and, under a lock, an operator has signed it; null: none is on offer. */
  nextKey: string | null;
  /** The network's lock as this node knows it; null: none. */
  lock: LockStatus | null;
  /** Peers and prefixes that are left out because no operator signed them. */
  refused: { resource: string; name: string; message: string }[];
  /** What differs between the kernel and the set that is held; empty when nothing does. */
  drift: string[];
  /** What was not let through, by filter; the last one, `unmatched`, is what no filter accepted. Empty: there are no filters. */
  drops: DropCount[];
  /** What the operator should know though nothing is wrong. */
  notes: string[];
  peers: PeerStatus[];
}

export interface LockStatus {
  /** Signatures are asked for. */
  on: boolean;
  /** Of the lock: every node and operator of the network shows the same. */
  fingerprint: string | null;
  /** Of the newest entry; 0: none was shown yet. */
  serial: number;
  /** Public halves of the operators' keys that count. */
  keys: string[];
}

export interface DropCount {
  filter: string;
  packets: number;
  bytes: number;
}

export interface PeerStatus {
  name: string;
  /** `lan`: at a private address. `punched`: through NAT on both sides. `relayed`: through another node. */
  path: 'direct' | 'lan' | 'punched' | 'relayed';
  /** The relay's name; absent: none. */
  via?: string;
  /** Where it is called, or called from last. */
  endpoint: string | null;
  /** Seconds since its last handshake; null: none yet. */
  handshakeAge: number | null;
}

export interface StatusSources {
  identity: Identity;
  held: HeldSet | undefined;
  /** What is wrong with the files. */
  warnings: string[];
  members: Pick<Members, 'pin' | 'admit'>;
  device: Device;
  local: LocalSettings;
  /** From this node's own disk: what the control plane says it is may be the key of somebody else. */
  nextKey: string | null;
  /** Where a full tunnel leaks names. */
  dnsNote(interfaceName: string): Promise<string | undefined>;
  /** Unix seconds. */
  now: number;
}

/** From the disk and the kernel alone: an agent need not run. */
export async function readStatus(sources: StatusSources): Promise<AgentStatus> {
  const { identity, warnings, members, device, local, nextKey, now } = sources;
  const { observed, problem } = await look(device);
  const admitted = sources.held && members.admit(sources.held.set, local.publicKey);
  const held = sources.held && admitted && { ...sources.held, set: admitted.set };
  const peers = [...(held?.set.resources.values() ?? [])].filter(isPeer);
  const names = new Map(peers.map(({ name, node }) => [name.slice('peer/'.length), node]));
  const byKey = new Map(observed?.peers.map((peer) => [peer.publicKey, peer]));
  const drift = problem ? [problem] : driftOf(held, observed, local);
  return {
    network: identity.network,
    node: identity.name,
    interface: identity.interfaceName,
    backend: device.backend ?? 'none',
    revision: held?.set.revision ?? 0,
    digest: held ? formatDigest(held.set.digest) : null,
    lastApply: held?.appliedAt ?? null,
    publicKey: local.publicKey,
    nextKey,
    lock: lockStatus(members.pin),
    refused: (admitted?.refused ?? []).map((each) => ({ ...each, name: nameOf(sources.held, each.resource) })),
    drift: [...warnings, ...drift],
    drops: dropsOf(held, observed),
    notes: await notesOf(held, sources),
    peers: peers
      .map((peer): PeerStatus => {
        const { endpoint = null, handshakeAt = 0 } = byKey.get(peer.publicKey) ?? {};
        const handshakeAge = handshakeAt === 0 ? null : Math.max(0, Math.floor(now - handshakeAt));
        const relay = peer.via === undefined ? {} : { via: names.get(peer.via) ?? peer.via };
        return { name: peer.node, path: pathOf(peer), ...relay, endpoint, handshakeAge };
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function lockStatus({ fingerprint, entry }: LockPin): LockStatus | null {
  if (fingerprint === null && entry === null) return null;
  return { on: entry === null || isLockOn(entry), fingerprint, serial: entry?.serial ?? 0, keys: entry?.keys ?? [] };
}

/** A peer's, for people; else that of the resource. */
function nameOf(held: HeldSet | undefined, resource: string): string {
  const found = held?.set.resources.get(resource);
  return found && isPeer(found) ? found.node : resource;
}

function pathOf({ via, endpoint, keepalive }: PeerResource): PeerStatus['path'] {
  if (via !== undefined) return 'relayed';
  const at = endpoint === null ? undefined : readAddress(parseEndpoint(endpoint).address);
  if (at && isPrivate(at)) return 'lan';
  return keepalive === undefined ? 'direct' : 'punched';
}

/** What has not been counted yet is zero: the set may be newer than the table. */
function dropsOf(held: HeldSet | undefined, observed: ObservedDevice | undefined): DropCount[] {
  const filters = [...(held?.set.resources.values() ?? [])].filter(isFilter);
  if (filters.length === 0) return [];
  const counters = observed?.firewall?.counters ?? {};
  const count = (filter: string, counter: string) => ({ filter, ...(counters[counter] ?? { packets: 0, bytes: 0 }) });
  const drops = filters.filter(({ verdict }) => verdict === 'drop').map(({ name }) => count(name, counterName(name)));
  return [...drops.sort((a, b) => (a.filter < b.filter ? -1 : 1)), count(UNMATCHED, UNMATCHED)];
}

async function notesOf(held: HeldSet | undefined, { dnsNote, local }: StatusSources): Promise<string[]> {
  const internet = [...(held?.set.resources.values() ?? [])].find(isInternet);
  if (!internet || internet.sources) return [];
  const note = await dnsNote(local.interfaceName);
  return note === undefined ? [] : [note];
}

async function look(device: Device): Promise<{ observed?: ObservedDevice; problem?: string }> {
  try {
    return { observed: await device.observe() };
  } catch (error) {
    if (error instanceof DeviceError) return { problem: error.message };
    throw error;
  }
}

function driftOf(held: HeldSet | undefined, observed: ObservedDevice | undefined, local: LocalSettings): string[] {
  if (!held) return [];
  if (!observed) return [`the interface ${local.interfaceName} is missing`];
  const desired = desiredDevice(held.set.resources.values(), local);
  return diffDevice(desired, observed, new Set()).map((operation) => operation.reason);
}
