import { formatDigest } from '#contracts/node-stream.js';
import { desiredDevice, isPeer, type LocalSettings } from '#wireguard/core/desired-device.js';
import { type Backend, type Device, DeviceError } from '#wireguard/core/device.js';
import { diffDevice } from '#wireguard/core/diff-device.js';
import type { ObservedDevice } from '#wireguard/core/observed-device.js';
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
  /** What differs between the kernel and the set that is held; empty when nothing does. */
  drift: string[];
  peers: PeerStatus[];
}

export interface PeerStatus {
  name: string;
  path: 'direct';
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
  device: Device;
  local: LocalSettings;
  /** Unix seconds. */
  now: number;
}

/** From the disk and the kernel alone: an agent need not run. */
export async function readStatus(sources: StatusSources): Promise<AgentStatus> {
  const { identity, held, warnings, device, local, now } = sources;
  const { observed, problem } = await look(device);
  const peers = [...(held?.set.resources.values() ?? [])].filter(isPeer);
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
    drift: [...warnings, ...drift],
    peers: peers
      .map(({ node, publicKey }): PeerStatus => {
        const { endpoint = null, handshakeAt = 0 } = byKey.get(publicKey) ?? {};
        const handshakeAge = handshakeAt === 0 ? null : Math.max(0, Math.floor(now - handshakeAt));
        return { name: node, path: 'direct', endpoint, handshakeAge };
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
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
