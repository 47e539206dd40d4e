import type { ObservedPeer } from '#wireguard/core/observed-device.js';
import { KEYS, observedPeer } from '#wireguard/testing/fixtures.js';
import { QuietPeers } from './quiet-peers.js';

const b = (handshakeAt: number): ObservedPeer[] => [observedPeer('b', { handshakeAt })];
const quiet = [KEYS.b];

test.each<[string, [now: number, handshakeAt: number][], string[]]>([
  ['no handshake ever', [[0, 0]], quiet],
  ['first seen with one, however old the wall clock says it is', [[0, 5]], []],
  [
    'the same one for 180 s',
    [
      [0, 5],
      [180, 5],
    ],
    [],
  ],
  [
    'the same one for longer',
    [
      [0, 5],
      [181, 5],
    ],
    quiet,
  ],
  [
    'a new one in between',
    [
      [0, 5],
      [170, 6],
      [340, 6],
    ],
    [],
  ],
  [
    'a new one, and then none',
    [
      [0, 5],
      [170, 6],
      [351, 6],
    ],
    quiet,
  ],
  [
    'the wall clock was set back',
    [
      [0, 900_000],
      [170, 40],
      [300, 160],
    ],
    [],
  ],
])('%s', (_, looks, expected) => {
  const peers = new QuietPeers();
  const [last] = looks.map(([now, handshakeAt]) => peers.update(b(handshakeAt), now)).slice(-1);
  expect([...last!]).toEqual(expected);
});

test('a peer that went and came back is new', () => {
  const peers = new QuietPeers();
  peers.update(b(5), 0);
  peers.update([], 100);
  expect(peers.update(b(5), 200).size).toBe(0);
});
