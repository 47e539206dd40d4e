import type {
  InterfaceResource,
  InternetResource,
  PeerResource,
  Resource,
  RouteResource,
  TransitResource,
} from '#contracts/node-stream.js';
import { desiredFirewall, OUTSIDE_MARK, type Firewall } from './firewall/firewall.js';
import { desiredFullTunnel, type FullTunnel } from './full-tunnel.js';
import { desiredSysctls, type SysctlKey } from './sysctls.js';

/** What this machine decides for itself; everything else comes from the resources. */
export interface LocalSettings {
  interfaceName: string;
  listenPort: number;
  /** WireGuard public key of this node, base64. */
  publicKey: string;
  /** False where the kernel has no IPv6: such addresses and routes are left out. */
  ipv6: boolean;
  /** Prefixes at which this node reaches the control plane: never through the tunnel. */
  controlPlane?: readonly string[];
}

export interface DesiredPeer {
  publicKey: string;
  /** Node name, for reasons and status. */
  node: string;
  /** Canonical prefixes, sorted. */
  allowedIps: readonly string[];
  endpoint: string | null;
  /** Seconds; 0: off. */
  keepalive: number;
}

export interface DesiredDevice {
  publicKey: string;
  listenPort: number;
  /** 0: none. */
  fwmark: number;
  mtu: number;
  /** With full prefix length, sorted. */
  addresses: readonly string[];
  /** By public key, in the order of the keys. */
  peers: ReadonlyMap<string, DesiredPeer>;
  /** Prefixes reached through the interface, sorted. */
  routes: readonly string[];
  fullTunnel: FullTunnel;
  /** null: no table. */
  firewall: Firewall | null;
  sysctls: Partial<Readonly<Record<SysctlKey, string>>>;
}

/**
 * The device that a set of resources stands for.
 * @param resources a set in which `checkSet` found nothing
 */
export function desiredDevice(resources: Iterable<Resource>, local: LocalSettings): DesiredDevice {
  const all = [...resources];
  const own = all.find(isInterface);
  if (!own) throw new Error('a set without the resource "interface" is no device: check it with checkSet first');
  const usable = (prefix: string) => local.ipv6 || !prefix.includes(':');
  const relayed = prefixesVia(all.filter(isPeer));
  const peers = all
    .filter(isPeer)
    .filter(({ via, trial }) => via === undefined || trial)
    .flatMap((peer) => [desiredPeer(peer, own.keepalive, relayed), ...comingPeer(peer)])
    .sort((a, b) => compare(a.publicKey, b.publicKey));
  const internet = all.find(isInternet);
  const takesAll = internet !== undefined && internet.sources === undefined;
  const { ipv6 } = local;
  return {
    publicKey: local.publicKey,
    listenPort: local.listenPort,
    fwmark: takesAll ? OUTSIDE_MARK : 0,
    mtu: own.mtu,
    addresses: own.addresses.filter(usable).sort(compare),
    peers: new Map(peers.map((peer) => [peer.publicKey, peer])),
    routes: all
      .filter(isRoute)
      .map((route) => route.cidr)
      .filter(usable)
      .sort(compare),
    fullTunnel: desiredFullTunnel(
      { internet, transits: all.filter(isTransit), outside: local.controlPlane ?? [] },
      ipv6,
    ),
    firewall: desiredFirewall(all, own, local),
    sysctls: desiredSysctls({ forward: own.forward === true, internet: takesAll, ipv6 }),
  };
}

/** Name of a relay's resource → the prefixes of those who are reached through it. */
function prefixesVia(peers: readonly PeerResource[]): ReadonlyMap<string, string[]> {
  const relayed = new Map<string, string[]>();
  for (const { via, allowedIps } of peers) {
    if (via === undefined) continue;
    const known = relayed.get(`peer/${via}`);
    if (known) known.push(...allowedIps);
    else relayed.set(`peer/${via}`, [...allowedIps]);
  }
  return relayed;
}

/** Keepalive goes to whoever we call: only there does a NAT in front of us hold a mapping open. */
function desiredPeer(
  peer: PeerResource,
  keepalive: number | null,
  relayed: ReadonlyMap<string, string[]>,
): DesiredPeer {
  const { publicKey, node, endpoint } = peer;
  const own = peer.via === undefined ? [...peer.allowedIps, ...(relayed.get(peer.name) ?? [])] : [];
  return {
    publicKey,
    node,
    allowedIps: own.sort(compare),
    endpoint,
    keepalive: endpoint === null ? 0 : (peer.keepalive ?? keepalive ?? 0),
  };
}

/** A peer that changes its key, under the key that comes: it may shake hands, and has no prefix until the other one goes. */
function comingPeer({ node, nextKey, endpoint }: PeerResource): DesiredPeer[] {
  return nextKey === undefined ? [] : [{ publicKey: nextKey, node, allowedIps: [], endpoint, keepalive: 0 }];
}

export const isInterface = (resource: Resource): resource is InterfaceResource => resource.name === 'interface';
export const isPeer = (resource: Resource): resource is PeerResource => resource.name.startsWith('peer/');
export const isInternet = (resource: Resource): resource is InternetResource => resource.name === 'internet';
export const isTransit = (resource: Resource): resource is TransitResource => resource.name.startsWith('transit/');
export const isRoute = (resource: Resource): resource is RouteResource => resource.name.startsWith('route/');

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
