import { type Delegation, readDelegation } from '#contracts/delegation.js';
import type { LockEntry, MemberSignature } from '#contracts/membership-lock.js';
import type { PeerResource, Resource } from '#contracts/node-stream.js';
import { changeAfter, delegate, signLock, signMember, signOwnMembership } from '#contracts/sign-membership.js';
import { verifyNatively } from '#service/verify-natively.js';
import { lockBy, operator } from '../../../../test/support/operator.js';
import { KEYS, ownInterface, peer, peerId } from '../testing/fixtures.js';
import { MemberGate } from './member-gate.js';

const [ann, bob, token, thief] = [operator(1), operator(2), operator(3), operator(4)];
const networkId = peerId('n');
const keyId = peerId('d');
const lock = lockBy(ann, networkId, ['10.90.0.0/16', 'fd12::/64']);
const [before, until, after] = ['2026-11-21T11:59:59.999Z', '2026-11-21T12:00:00.000Z', '2026-11-21T12:00:00.001Z'];
const limits = { networkId, keyId, publicKey: token.publicKey, until };
const delegation = delegate(limits, ann);

const self = { memberId: peerId('a'), publicKey: KEYS.own, addresses: ['10.90.0.1', 'fd12::1'] };
const b = { memberId: peerId('b'), publicKey: KEYS.b, addresses: ['10.90.0.2'] };
const own = ownInterface({ signed: signMember({ ...self, networkId, mayCarry: false }, ann) });
const peerSigned = (signed: MemberSignature, changes: Partial<PeerResource> = {}): PeerResource =>
  peer('b', { signed: { addresses: b.addresses, ...signed }, ...changes });
const selfSigned = (by: Delegation = delegation, key = token) => peerSigned(signOwnMembership(b, by, key));
const gateOf = (entry: LockEntry) => new MemberGate({ lock: entry, nodeId: peerId('a'), verify: verifyNatively });
const admit = (resources: Resource[], { entry = lock, now = before } = {}) =>
  gateOf(entry).admit(resources, KEYS.own, now);

test('who signed itself with the key in its token is taken, until that is over', () => {
  const gate = gateOf(lock);
  const all = [own, selfSigned()];
  expect(gate.admit(all, KEYS.own, before)).toEqual({ resources: all, refused: [], until });
  for (const now of [until, after])
    expect(gate.admit(all, KEYS.own, now)).toEqual({
      resources: [own],
      refused: [{ resource: all[1]?.name, message: expect.stringContaining('has expired') }],
    });
});

test('the same node signed by an operator stays', () => {
  const signed = peerSigned(signMember({ ...b, networkId, mayCarry: false }, ann));
  expect(admit([own, signed], { now: after })).toEqual({ resources: [own, signed], refused: [] });
});

test('a node that signed itself takes others as long as they take it', () => {
  const selfOwn = ownInterface({ signed: signOwnMembership(self, delegation, token) });
  expect(admit([selfOwn, selfSigned()])).toMatchObject({ refused: [], until });
  const { resources, refused } = admit([selfOwn, peerSigned(signMember({ ...b, networkId, mayCarry: false }, ann))], {
    now: until,
  });
  expect(resources).toEqual([selfOwn]);
  expect(refused).toEqual([{ resource: 'interface', message: expect.stringContaining('has expired') }]);
});

const forOther = { ...limits, networkId: peerId('m') };
const longer = { ...delegation, until: '2026-11-22T12:00:00.000Z' };
const anns = signMember({ ...b, networkId, mayCarry: false }, ann);
test.each<[string, PeerResource, string]>([
  ['a delegation for another network', selfSigned(delegate(forOther, ann)), 'another network'],
  ['a delegation by nobody who counts', selfSigned(delegate(limits, bob)), 'does not count'],
  [
    'a delegation by a delegated key',
    selfSigned(delegate({ ...limits, publicKey: thief.publicKey }, token), thief),
    'does not count',
  ],
  [
    'a delegation in an operator’s name',
    selfSigned({ ...delegate(limits, bob), by: ann.publicKey }),
    'not what an operator signed',
  ],
  ['a delegation that was made longer', selfSigned(longer), 'not what an operator signed'],
  ['a delegation to another key', selfSigned(delegation, thief), 'has not signed this key'],
  [
    'what is no delegation',
    peerSigned({ ...signOwnMembership(b, delegation, token), delegation: 7 as never }),
    'does not count',
  ],
  [
    'the signature of another node',
    peerSigned(signOwnMembership({ ...b, memberId: peerId('c') }, delegation, token)),
    'has not signed this key',
  ],
  ['another key than it signed', { ...selfSigned(), publicKey: KEYS.stranger }, 'has not signed this key'],
  [
    'another address',
    peerSigned({ ...signOwnMembership(b, delegation, token), addresses: ['10.90.0.3'] } as never),
    'has not signed this key',
  ],
  [
    'the right to carry others',
    peerSigned({ ...signMember({ ...b, networkId, mayCarry: true }, token), delegation }),
    'that it carries others',
  ],
  ['an operator’s signature under a delegation', peerSigned({ ...anns, delegation }), 'has not signed this key'],
])('%s lets nobody in', (_, bad, why) => {
  const { resources, refused } = admit([own, bad]);
  expect(resources).toEqual([own]);
  expect(refused).toEqual([{ resource: bad.name, message: expect.stringContaining(why) }]);
});

test('a delegated key signs no next key, no client and no service', () => {
  const nextSigned = signOwnMembership({ ...b, publicKey: KEYS.stranger }, delegation, token);
  const next = { ...selfSigned(), nextKey: KEYS.stranger, nextSigned };
  expect(admit([own, next]).resources).toEqual([own, { ...selfSigned(), nextSigned }]);
  const client = { memberId: peerId('k'), publicKey: KEYS.stranger, addresses: ['10.90.0.9'] };
  const carrier = peerSigned(signMember({ ...b, networkId, mayCarry: true }, ann), {
    allowedIps: ['10.90.0.2/32', '10.90.0.9/32'],
    carries: [{ ...client, ...signOwnMembership(client, delegation, token) }],
  });
  const { resources } = admit([own, carrier]);
  expect((resources[1] as PeerResource).allowedIps).toEqual(['10.90.0.2/32']);
});

test('an operator revokes it, or is removed: what it signed counts no more', () => {
  const revoked = signLock(changeAfter(lock, { revoked: [keyId] }), ann);
  const removed = signLock(changeAfter(lock, { keys: [bob.publicKey] }), ann);
  const bobs = ownInterface({ signed: signMember({ ...self, networkId, mayCarry: false }, bob) });
  expect(admit([own, selfSigned()], { entry: revoked }).refused[0]?.message).toContain('revoked');
  expect(admit([bobs, selfSigned()], { entry: removed }).refused[0]?.message).toContain('does not count');
});

test.each([
  ['nothing', undefined],
  ['a time that is none', { ...delegation, until: '2026-13-41T12:00:00.000Z' }],
  ['a time of another form, which would not sort', { ...delegation, until: '2026-11-21T12:00:00Z' }],
  ['an id that is none', { ...delegation, keyId: '*' }],
])('%s is no delegation', (_, value) => {
  expect(readDelegation(value)).toBeUndefined();
});
