import type { NodeSet } from '#contracts/node-fold.js';
import type { InternetResource, Resource } from '#contracts/node-stream.js';
import { KEYS, ownInterface, peer, route } from '#wireguard/testing/fixtures.js';
import { touchesWay } from './way-to-server.js';

const CONTROL = '203.0.113.1/32';
const setOf = (...resources: Resource[]): NodeSet => ({
  epoch: 1,
  revision: 1,
  logVersion: 1,
  digest: 0n,
  resources: new Map(resources.map((resource) => [resource.name, resource])),
});
const mesh = route('10.90.0.0/16');
const range = route('203.0.113.0/30');
const internet: InternetResource = { name: 'internet', outside: [] };
const plain = setOf(ownInterface(), peer('b'), mesh);
const through = setOf(ownInterface(), peer('b', { allowedIps: ['203.0.113.0/30'] }), mesh, range);

test.each<[string, NodeSet, NodeSet, boolean]>([
  ['nothing changes', through, through, false],
  ['a peer comes', plain, setOf(ownInterface(), peer('b'), peer('c'), mesh), false],
  ['another range is routed', plain, setOf(ownInterface(), peer('b'), mesh, route('192.168.0.0/16')), false],
  ['our address changes beside it', plain, setOf(ownInterface({ mtu: 1300 }), peer('b'), mesh), false],
  ['its range is routed into the mesh', plain, through, true],
  ['its range is not routed any more', through, plain, true],
  [
    'its peer has another key',
    through,
    setOf(ownInterface(), peer('b', { allowedIps: ['203.0.113.0/30'], publicKey: KEYS.c }), mesh, range),
    true,
  ],
  [
    'another peer has its range',
    through,
    setOf(ownInterface(), peer('b'), peer('c', { allowedIps: ['203.0.113.0/30'] }), mesh, range),
    true,
  ],
  [
    'a peer that has nothing to do with it changes',
    through,
    setOf(...through.resources.values(), peer('c', { endpoint: '192.0.2.9:1' })),
    false,
  ],
  ['our address changes on it', through, setOf(...through.resources.values(), ownInterface({ mtu: 1300 })), true],
  ['its own address becomes ours', plain, setOf(ownInterface({ addresses: [CONTROL] }), peer('b'), mesh), true],
  ['everything goes through the mesh', plain, setOf(...plain.resources.values(), internet), true],
])('%s', (_, before, after, expected) => {
  expect(touchesWay(before, after, ['2001:db8::1/128', CONTROL])).toBe(expected);
});
