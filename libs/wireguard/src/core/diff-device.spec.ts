import type { Resource } from '#contracts/node-stream.js';
import { desiredDevice } from './desired-device.js';
import { diffDevice } from './diff-device.js';
import { desired, KEYS, local, observed, observedPeer, ownInterface, peer, route } from '../testing/fixtures.js';
import type { ObservedDevice } from './observed-device.js';
import type { Operation } from './operation.js';

interface Row {
  title: string;
  resources: Resource[];
  observed: ObservedDevice;
  quiet?: string[];
  operations: Operation[];
}

const endpoint = '192.0.2.2:51820';
const roamed = '203.0.113.9:4711';
const own = ownInterface();

const rows: Row[] = [
  {
    title: 'a device as it shall be',
    resources: [own, peer('b', { endpoint }), route('10.90.0.0/16')],
    observed: observed({
      peers: [observedPeer('b', { endpoint })],
      routes: [{ cidr: '10.90.0.0/16', ours: true }],
    }),
    operations: [],
  },
  {
    title: 'a new and empty interface',
    resources: [ownInterface({ mtu: 1380, keepalive: 25 }), peer('b', { endpoint }), peer('c'), route('10.90.0.0/16')],
    observed: observed({ publicKey: null, listenPort: 40000, up: false, addresses: [] }),
    operations: [
      { kind: 'private-key', reason: 'no private key is set' },
      { kind: 'listen-port', port: 51820, reason: 'listens on port 40000 instead of 51820' },
      { kind: 'peer-set', publicKey: KEYS.c, allowedIps: ['10.90.0.3/32'], reason: 'peer c is missing' },
      {
        kind: 'peer-set',
        publicKey: KEYS.b,
        allowedIps: ['10.90.0.2/32'],
        endpoint,
        keepalive: 25,
        reason: 'peer b is missing',
      },
      { kind: 'address-add', address: '10.90.0.1/32', reason: 'address 10.90.0.1/32 is missing' },
      { kind: 'address-add', address: 'fd12::1/128', reason: 'address fd12::1/128 is missing' },
      { kind: 'mtu', mtu: 1380, reason: 'MTU is 1420 instead of 1380' },
      { kind: 'link-up', reason: 'the interface is down' },
      { kind: 'route-add', cidr: '10.90.0.0/16', replace: false, reason: 'route 10.90.0.0/16 is missing' },
    ],
  },
  {
    title: 'a peer, an address and a route that nobody asked for: they go last',
    resources: [own, route('10.91.0.0/16')],
    observed: observed({
      addresses: ['10.90.0.1/32', '10.90.0.77/32', 'fd12::1/128'],
      peers: [observedPeer('stranger', { allowedIps: ['10.90.0.66/32'] })],
      routes: [{ cidr: '10.92.0.0/16', ours: true }],
    }),
    operations: [
      { kind: 'peer-remove', publicKey: KEYS.stranger, reason: 'a peer with 10.90.0.66/32 is not in the set' },
      { kind: 'route-add', cidr: '10.91.0.0/16', replace: false, reason: 'route 10.91.0.0/16 is missing' },
      { kind: 'route-delete', cidr: '10.92.0.0/16', reason: 'route 10.92.0.0/16 is not in the set' },
      { kind: 'address-delete', address: '10.90.0.77/32', reason: 'address 10.90.0.77/32 is not in the set' },
    ],
  },
  {
    title: "somebody else's route: left alone, or marked as ours when it is one we want",
    resources: [own, route('10.90.0.0/16')],
    observed: observed({
      routes: [
        { cidr: '10.90.0.0/16', ours: false },
        { cidr: '10.99.0.0/16', ours: false },
      ],
    }),
    operations: [
      { kind: 'route-add', cidr: '10.90.0.0/16', replace: true, reason: 'route 10.90.0.0/16 is not marked as ours' },
    ],
  },
  {
    title: 'a prefix that moves is named under its new owner only',
    resources: [own, peer('b', { allowedIps: [] }), peer('c', { allowedIps: ['10.90.0.2/32', '10.90.0.3/32'] })],
    observed: observed({ peers: [observedPeer('b'), observedPeer('c')] }),
    operations: [
      {
        kind: 'peer-set',
        publicKey: KEYS.c,
        allowedIps: ['10.90.0.2/32', '10.90.0.3/32'],
        reason: 'peer c lacks 10.90.0.2/32',
      },
    ],
  },
  {
    title: 'a prefix of a removed peer is taken before the peer goes',
    resources: [own, peer('c', { allowedIps: ['10.90.0.2/32', '10.90.0.3/32'] })],
    observed: observed({ peers: [observedPeer('b'), observedPeer('c')] }),
    operations: [
      {
        kind: 'peer-set',
        publicKey: KEYS.c,
        allowedIps: ['10.90.0.2/32', '10.90.0.3/32'],
        reason: 'peer c lacks 10.90.0.2/32',
      },
      { kind: 'peer-remove', publicKey: KEYS.b, reason: 'a peer with 10.90.0.2/32 is not in the set' },
    ],
  },
  {
    title: 'who loses one prefix and gains another comes after the one who takes it',
    resources: [own, peer('c', { allowedIps: ['10.1.0.0/16'] }), peer('b', { allowedIps: ['10.90.0.3/32'] })],
    observed: observed({ peers: [observedPeer('b'), observedPeer('c')] }),
    operations: [
      {
        kind: 'peer-set',
        publicKey: KEYS.b,
        allowedIps: ['10.90.0.3/32'],
        reason: 'peer b lacks 10.90.0.3/32',
      },
      { kind: 'peer-set', publicKey: KEYS.c, allowedIps: ['10.1.0.0/16'], reason: 'peer c lacks 10.1.0.0/16' },
    ],
  },
  {
    title: 'a prefix that nobody takes is dropped without giving its peer a new list',
    resources: [own, peer('b')],
    observed: observed({ peers: [observedPeer('b', { allowedIps: ['10.1.0.0/16', '10.90.0.2/32'] })] }),
    operations: [{ kind: 'prefix-drop', prefixes: ['10.1.0.0/16'], reason: 'peer b no longer has 10.1.0.0/16' }],
  },
  {
    title: 'an endpoint that roamed, with a live session: no drift',
    resources: [own, peer('b', { endpoint })],
    observed: observed({ peers: [observedPeer('b', { endpoint: roamed, handshakeAt: 1 })] }),
    operations: [],
  },
  {
    title: 'an endpoint that roamed and fell silent',
    resources: [own, peer('b', { endpoint })],
    observed: observed({ peers: [observedPeer('b', { endpoint: roamed, handshakeAt: 1 })] }),
    quiet: [KEYS.b],
    operations: [{ kind: 'peer-set', publicKey: KEYS.b, endpoint, reason: `peer b is silent at ${roamed}` }],
  },
  {
    title: 'an endpoint we learned from a peer that has none in the set',
    resources: [own, peer('b')],
    observed: observed({ peers: [observedPeer('b', { endpoint: roamed })] }),
    quiet: [KEYS.b],
    operations: [],
  },
  {
    title: 'an endpoint that is missing',
    resources: [own, peer('b', { endpoint })],
    observed: observed({ peers: [observedPeer('b')] }),
    operations: [{ kind: 'peer-set', publicKey: KEYS.b, endpoint, reason: 'peer b has no endpoint' }],
  },
  {
    title: 'keepalive appears for a peer we call, and goes for one that calls us',
    resources: [ownInterface({ keepalive: 25 }), peer('b', { endpoint }), peer('c')],
    observed: observed({ peers: [observedPeer('b', { endpoint }), observedPeer('c', { keepalive: 25 })] }),
    operations: [
      { kind: 'peer-set', publicKey: KEYS.c, keepalive: 0, reason: 'peer c has keepalive 25 instead of off' },
      { kind: 'peer-set', publicKey: KEYS.b, keepalive: 25, reason: 'peer b has keepalive off instead of 25' },
    ],
  },
  {
    title: 'a key, a preshared key and a port changed by hand',
    resources: [own, peer('b')],
    observed: observed({
      publicKey: KEYS.stranger,
      listenPort: 1234,
      peers: [observedPeer('b', { hasPresharedKey: true })],
    }),
    operations: [
      { kind: 'private-key', reason: 'another private key is set' },
      { kind: 'listen-port', port: 51820, reason: 'listens on port 1234 instead of 51820' },
      { kind: 'peer-set', publicKey: KEYS.b, clearPresharedKey: true, reason: 'peer b has a preshared key' },
    ],
  },
];

test.each(rows)('$title', (row) => {
  expect(diffDevice(desired(row.resources), row.observed, new Set(row.quiet))).toEqual(row.operations);
});

test('without IPv6 in the kernel the rest still converges', () => {
  const resources = [ownInterface(), route('10.90.0.0/16'), route('fd12::/64')];
  const device = desiredDevice(resources, { ...local, ipv6: false });
  expect(device).toMatchObject({ addresses: ['10.90.0.1/32'], routes: ['10.90.0.0/16'] });
});
