import { duration, statusTable } from './status-table.js';

test('a table for people', () => {
  const text = statusTable({
    network: 'prod',
    node: 'a',
    interface: 'tmb0',
    backend: 'kernel',
    revision: 7,
    digest: 'ab',
    lastApply: '2026-11-21T05:00:00.000Z',
    publicKey: 'k',
    nextKey: 'n',
    lock: { on: true, fingerprint: 'f00', serial: 2, keys: ['o'] },
    refused: [{ resource: 'peer/x', name: 'x', message: 'no operator has signed it' }],
    drift: ['peer b is missing'],
    drops: [
      { filter: 'filter/pods', packets: 3, bytes: 180 },
      { filter: 'unmatched', packets: 0, bytes: 0 },
    ],
    notes: ['names are asked of 192.168.1.1'],
    peers: [
      { name: 'b', path: 'direct', endpoint: '192.0.2.2:51820', handshakeAge: 75 },
      { name: 'c', path: 'direct', endpoint: null, handshakeAge: null },
    ],
  });
  expect(text.split('\n').map((line) => line.trimEnd())).toEqual([
    'node        a in prod',
    'interface   tmb0 (kernel)',
    'public key  k',
    'next key    n, not in use yet',
    'revision    7, applied 2026-11-21T05:00:00.000Z',
    'drift       peer b is missing',
    'dropped     3 packets, 180 bytes by filter/pods',
    '            0 packets, 0 bytes by unmatched',
    'lock        on, entry 2 of f00',
    'refused     x: no operator has signed it',
    'note        names are asked of 192.168.1.1',
    '',
    'peer  path    endpoint         handshake',
    'b     direct  192.0.2.2:51820  1m 15s ago',
    'c     direct  -                never',
  ]);
});

test.each([
  [0, '0s'],
  [59, '59s'],
  [60, '1m'],
  [3_725, '1h 2m'],
  [90_000, '1d 1h'],
  [86_405, '1d'],
])('%d s is %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
