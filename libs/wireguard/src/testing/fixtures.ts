import type { InterfaceResource, PeerResource, Resource, RouteResource } from '#contracts/node-stream.js';
import { desiredDevice, type DesiredDevice } from '../core/desired-device.js';
import type { ObservedDevice, ObservedPeer } from '../core/observed-device.js';

/** Shared by the specs of this folder: a node with peers b and c. */
export const KEYS = {
  own: 'WJs6dwYCVGBEo5JM5p97jc4XpB/9JNUxgb6m/uWLkF4=',
  b: 'wr+G5kXHP4RgEmi2qu3CQyLGaz1ePj33ZXPjhZwUskc=',
  c: '+L4WmfdemIVfu9Bw2FSa4c82xgU0HbR9xREVJLvct1Y=',
  stranger: 'dTxsPrq0lj3+84GSETHJQjHzZov2yRjFv5F9R5aJvjY=',
} as const;

export const local = { interfaceName: 'tmb0', listenPort: 51820, publicKey: KEYS.own, ipv6: true };

export const ownInterface = (changes: Partial<InterfaceResource> = {}): InterfaceResource => ({
  name: 'interface',
  network: 'prod',
  node: 'a',
  addresses: ['10.90.0.1/32', 'fd12::1/128'],
  mtu: 1420,
  keepalive: null,
  ...changes,
});

export const peerId = (node: string) => `0190a0b0-0000-7000-8000-0000000000${(node.codePointAt(0) ?? 0).toString(16)}`;

export const peer = (node: 'b' | 'c', changes: Partial<PeerResource> = {}): PeerResource => ({
  name: `peer/${peerId(node)}`,
  node,
  publicKey: KEYS[node],
  allowedIps: [`10.90.0.${node === 'b' ? 2 : 3}/32`],
  endpoint: null,
  ...changes,
});

export const route = (cidr: string): RouteResource => ({ name: `route/${cidr}`, cidr });

export const desired = (resources: Resource[]): DesiredDevice => desiredDevice(resources, local);

export const observedPeer = (node: keyof typeof KEYS, changes: Partial<ObservedPeer> = {}): ObservedPeer => ({
  publicKey: KEYS[node],
  hasPresharedKey: false,
  endpoint: null,
  allowedIps: [`10.90.0.${node === 'b' ? 2 : 3}/32`],
  handshakeAt: 0,
  keepalive: 0,
  ...changes,
});

/** What `ownInterface` gives once applied. */
export const observed = (changes: Partial<ObservedDevice> = {}): ObservedDevice => ({
  ifindex: 7,
  publicKey: KEYS.own,
  listenPort: 51820,
  fwmark: 0,
  mtu: 1420,
  up: true,
  addresses: ['10.90.0.1/32', 'fd12::1/128'],
  peers: [],
  routes: [],
  tunnelRoutes: [],
  rules: [],
  firewall: null,
  sysctls: { forward4: '0', forward6: '0', markedPaths: '0', loosePaths: '0' },
  changedSysctls: [],
  ...changes,
});
