import { verifyNatively } from '#service/verify-natively.js';
import { lockBy, operator } from '../../../../test/support/operator.js';
import type { LockEntry, MemberRecord } from '#contracts/membership-lock.js';
import type { PeerResource, Resource } from '#contracts/node-stream.js';
import { signMember } from '#contracts/sign-membership.js';
import { KEYS, ownInterface, peer, peerId, route } from '../testing/fixtures.js';
import { checkSet } from './check-set.js';
import { desiredDevice } from './desired-device.js';
import { MemberGate } from './member-gate.js';

const [ann, eve] = [operator(1), operator(2)];
const networkId = peerId('n');
const lock = lockBy(ann, networkId, ['10.90.0.0/16', 'fd12::/64']);

const recordOf = (node: 'a' | 'b' | 'c', more: Partial<MemberRecord> = {}): MemberRecord => ({
  networkId,
  memberId: peerId(node),
  publicKey: node === 'a' ? KEYS.own : KEYS[node],
  addresses: node === 'a' ? ['10.90.0.1', 'fd12::1'] : [`10.90.0.${node === 'b' ? 2 : 3}`],
  mayCarry: false,
  ...more,
});
const signedPeer = (
  node: 'b' | 'c',
  changes: Partial<PeerResource> = {},
  more: Partial<MemberRecord> = {},
  key = ann,
): PeerResource => {
  const record = recordOf(node, more);
  return peer(node, { signed: { addresses: record.addresses, ...signMember(record, key) }, ...changes });
};
const own = ownInterface({ signed: signMember(recordOf('a'), ann) });
const admit = (resources: Resource[], by: LockEntry | null = lock, now = '2026-11-21T12:00:00.000Z') =>
  new MemberGate({ lock: by, nodeId: peerId('a'), verify: verifyNatively }).admit(resources, KEYS.own, now);
const client = { memberId: peerId('k'), publicKey: KEYS.stranger, addresses: ['10.90.0.9'] };
const signedClient = { ...client, ...signMember({ ...client, networkId, mayCarry: false }, ann) };

test('who is signed is taken as it came, the same objects', () => {
  const all = [own, signedPeer('b'), signedPeer('c'), route('10.90.0.0/16')];
  const { resources, refused } = admit(all);
  expect(refused).toEqual([]);
  expect(resources.every((each, at) => each === all[at])).toBe(true);
});

test.each<[string, PeerResource, string]>([
  ['without a signature', peer('b'), 'no operator has signed it'],
  ['with another key than was signed', signedPeer('b', { publicKey: KEYS.stranger }), 'not for this key'],
  [
    'with addresses that were not signed',
    signedPeer('b', { signed: { ...signedPeer('b').signed!, addresses: ['10.90.0.3'] } }),
    'not for this key',
  ],
  ['with the signature of another node', peer('b', { signed: signedPeer('c').signed! }), 'not for this key'],
  ['signed by somebody else', signedPeer('b', {}, {}, eve), 'does not count'],
  [
    'signed in the name of a key that counts',
    signedPeer('b', { signed: { ...signedPeer('b', {}, {}, eve).signed!, by: ann.publicKey } }),
    'not for this key',
  ],
  ['signed for another network', signedPeer('b', {}, { networkId: peerId('m') }), 'not for this key'],
  [
    'said to carry others',
    signedPeer('b', { signed: { ...signedPeer('b').signed!, mayCarry: true } }),
    'not for this key',
  ],
  ['with what is no signature', peer('b', { signed: 7 as never }), 'does not count'],
  [
    'with what are no addresses',
    peer('b', { signed: { by: ann.publicKey, signature: 'x', addresses: null as never } }),
    'not for this key',
  ],
])('a peer %s is left out, and the rest stands', (_, bad, why) => {
  const { resources, refused } = admit([own, bad, signedPeer('c'), route('10.90.0.0/16')]);
  expect(resources).toEqual([own, signedPeer('c'), route('10.90.0.0/16')]);
  expect(refused).toEqual([{ resource: bad.name, message: expect.stringContaining(why) }]);
  expect(checkSet(resources, KEYS.own)).toEqual([]);
});

test('a forged peer that claims the address of another does not keep that one out', () => {
  const forged = peer('c', { publicKey: KEYS.stranger, allowedIps: ['10.90.0.2/32'] });
  const { resources } = admit([own, signedPeer('b'), forged]);
  expect(resources).toEqual([own, signedPeer('b')]);
});

describe('prefixes', () => {
  const prefixesOf = (changed: PeerResource) => {
    const { resources, refused } = admit([own, changed]);
    return { taken: (resources[1] as PeerResource).allowedIps, refused: refused.map(({ message }) => message) };
  };

  test('an address of the mesh moves to no other key', () => {
    const { taken, refused } = prefixesOf(signedPeer('b', { allowedIps: ['10.90.0.2/32', '10.90.0.3/32'] }));
    expect(taken).toEqual(['10.90.0.2/32']);
    expect(refused).toEqual([expect.stringContaining('10.90.0.3/32 is inside the mesh')]);
  });

  test.each(['10.90.0.0/16', '10.90.128.0/17', 'fd12::/80'])('nor does %s, a part of it', (prefix) => {
    expect(prefixesOf(signedPeer('b', { allowedIps: ['10.90.0.2/32', prefix] })).taken).toEqual(['10.90.0.2/32']);
  });

  test('what is outside the mesh, or wider, is not what is signed', () => {
    const allowedIps = ['0.0.0.0/0', '10.0.0.0/8', '10.90.0.2/32', '192.168.1.0/24', '::/0'];
    expect(prefixesOf(signedPeer('b', { allowedIps }))).toEqual({ taken: allowedIps, refused: [] });
  });

  test('a client is reached through who may carry it, if it is signed itself', () => {
    const allowedIps = ['10.90.0.2/32', '10.90.0.9/32'];
    const carrier = signedPeer('b', { allowedIps, carries: [signedClient] }, { mayCarry: true });
    expect(prefixesOf(carrier)).toEqual({ taken: allowedIps, refused: [] });
    expect(prefixesOf(signedPeer('b', { allowedIps, carries: [signedClient] })).taken).toEqual(['10.90.0.2/32']);
    const forged = { ...signedClient, addresses: ['10.90.0.9', '10.90.0.3'] };
    expect(prefixesOf({ ...carrier, carries: [forged] }).taken).toEqual(['10.90.0.2/32']);
    expect(prefixesOf({ ...carrier, carries: [null, 7] as never }).taken).toEqual(['10.90.0.2/32']);
  });
});

describe('a key that comes', () => {
  const nextSigned = signMember(recordOf('b', { publicKey: KEYS.stranger }), ann);

  test('is learned when it is signed', () => {
    const changing = signedPeer('b', { nextKey: KEYS.stranger, nextSigned });
    expect(admit([own, changing])).toEqual({ resources: [own, changing], refused: [] });
  });

  test('is not when it is not; the one in use stays', () => {
    const { resources, refused } = admit([own, signedPeer('b', { nextKey: KEYS.stranger })]);
    expect(resources).toEqual([own, signedPeer('b')]);
    expect(refused).toEqual([{ resource: `peer/${peerId('b')}`, message: 'its next key: no operator has signed it' }]);
  });
});

describe('a relay', () => {
  const behind = signedPeer('c', { via: peerId('b') });
  const allowedOf = (resources: Resource[]) =>
    [
      ...desiredDevice(resources, {
        interfaceName: 'tmb0',
        listenPort: 1,
        publicKey: KEYS.own,
        ipv6: true,
      }).peers.values(),
    ].map(({ publicKey, allowedIps }) => [publicKey, allowedIps]);

  test('carries others when an operator said that it may', () => {
    const { resources, refused } = admit([own, signedPeer('b', {}, { mayCarry: true }), behind]);
    expect(refused).toEqual([]);
    expect(allowedOf(resources)).toEqual([[KEYS.b, ['10.90.0.2/32', '10.90.0.3/32']]]);
  });

  test('that is a member like others carries nobody', () => {
    const { resources, refused } = admit([own, signedPeer('b'), behind]);
    expect(allowedOf(resources)).toEqual([[KEYS.b, ['10.90.0.2/32']]]);
    expect(refused).toEqual([{ resource: behind.name, message: expect.stringContaining('relay') }]);
  });

  test('carries nobody who is not signed', () => {
    const { resources } = admit([own, signedPeer('b', {}, { mayCarry: true }), peer('c', { via: peerId('b') })]);
    expect(allowedOf(resources)).toEqual([[KEYS.b, ['10.90.0.2/32']]]);
  });
});

test('a node that is not signed takes no peer: none would answer', () => {
  for (const unsigned of [ownInterface(), ownInterface({ signed: signMember(recordOf('b'), ann) })]) {
    const { resources, refused } = admit([unsigned, signedPeer('b'), route('10.90.0.0/16')]);
    expect(resources).toEqual([unsigned, route('10.90.0.0/16')]);
    expect(refused).toEqual([{ resource: 'interface', message: expect.stringContaining('waits') }]);
  }
});

test('a lock that was pinned and never shown lets nobody in', () => {
  expect(admit([own, signedPeer('b')], null)).toEqual({
    resources: [own],
    refused: [{ resource: 'interface', message: expect.stringContaining('not been shown') }],
  });
});

test('a lock whose ranges are none lets nobody in, and breaks nothing', () => {
  const { resources, refused } = admit([own, signedPeer('b')], lockBy(ann, networkId, ['10.90.0.0/99']));
  expect(resources).toEqual([own]);
  expect(refused).toEqual([{ resource: 'interface', message: expect.stringContaining('ranges') }]);
});

test('what is no resource at all is left to those who check the set', () => {
  expect(() => admit([null, 7, { name: 'peer/' }, { name: 'interface' }] as never)).not.toThrow();
});
