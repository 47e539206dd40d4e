import { ownInterface, peer, peerId } from '../testing/fixtures.js';
import { desiredDevice } from './desired-device.js';

const LOCAL = { interfaceName: 'tmb0', listenPort: 51820, publicKey: '', ipv6: true };
const peersOf = (...peers: ReturnType<typeof peer>[]) =>
  [...desiredDevice([ownInterface(), ...peers], LOCAL).peers.values()].map(
    ({ node, allowedIps, endpoint, keepalive }) => ({ node, allowedIps, endpoint, keepalive }),
  );

const relay = peer('b', { allowedIps: ['10.90.0.2/32'], endpoint: '192.0.2.2:51820' });
const through = { via: peerId('b'), allowedIps: ['10.90.0.3/32', '10.1.0.0/24'], endpoint: null };

describe('a peer that is reached through a relay', () => {
  test('is no WireGuard peer: its prefixes are the relay’s', () => {
    expect(peersOf(relay, peer('c', through))).toEqual([
      {
        node: 'b',
        allowedIps: ['10.1.0.0/24', '10.90.0.2/32', '10.90.0.3/32'],
        endpoint: '192.0.2.2:51820',
        keepalive: 0,
      },
    ]);
  });

  test('is one without prefixes while a direct path is on trial', () => {
    const trial = peer('c', { ...through, trial: true, endpoint: '198.51.100.3:4003', keepalive: 25 });
    expect(peersOf(relay, trial)).toContainEqual({
      node: 'c',
      allowedIps: [],
      endpoint: '198.51.100.3:4003',
      keepalive: 25,
    });
  });
});

test('a peer may have a keepalive of its own', () => {
  expect(peersOf({ ...relay, keepalive: 25 })).toMatchObject([{ keepalive: 25 }]);
});
