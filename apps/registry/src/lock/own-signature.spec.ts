import { describe, expect, test } from '@jest/globals';
import type { AnyFact } from '#contracts/facts.js';
import { changeAfter, delegate, signLock, signMember, signOwnMembership } from '#contracts/sign-membership.js';
import { verifyNatively } from '#service/verify-natively.js';
import { lockMembers, waitsFor } from '#topology/lock-members.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { at, given, meta, NOON } from '../../../../test/support/given.js';
import {
  NETWORK_ID,
  networkCreated,
  networkId,
  nodeEnrolled,
  nodeId,
  wireguardKey,
} from '../../../../test/support/network-facts.js';
import { lockBy, operator } from '../../../../test/support/operator.js';
import { decideSignMembers, type SignedMember } from './sign-members.decider.js';

const [ann, token, thief] = [operator(1), operator(2), operator(3)];
const genesis = lockBy(ann, NETWORK_ID, ['10.90.0.0/16', 'fd00:90::/64']);
const facts: AnyFact[] = [networkCreated(), nodeEnrolled(1), { type: 'LockChanged', data: { entry: genesis } }];
const { state } = given(networkFold, facts);
const { keyId } = state.nodes.get(nodeId(1))!;
const limits = { networkId: NETWORK_ID, keyId, publicKey: token.publicKey, until: at(60) };
const delegation = delegate(limits, ann);
const record = (of: NetworkState = state, publicKey = wireguardKey(1)) =>
  lockMembers(of).find((each) => each.record.publicKey === publicKey)!.record;
const signed = (by = delegation, key = token): SignedMember => {
  const { memberId, publicKey } = record();
  return { memberId, publicKey, ...signOwnMembership(record(), by, key) };
};
const sign = (...signatures: SignedMember[]) => ({ ...meta(), signatures, verify: verifyNatively });
const fact = (data: SignedMember) => ({ type: 'MemberSigned', data }) as AnyFact;

describe('a node that signs itself with the key in its token', () => {
  test('is recorded with what an operator signed of that key, once', () => {
    const { after } = given(networkFold, facts).when(decideSignMembers, sign(signed())).thenFacts(fact(signed()));
    expect(decideSignMembers(sign(signed()), after).facts).toEqual([]);
    const [member] = lockMembers(after);
    expect([NOON, at(59), at(60)].map((now) => waitsFor(genesis, member!, now))).toEqual([null, null, 'key expired']);
    const revoked = signLock(changeAfter(genesis, { revoked: [keyId] }), ann);
    expect(waitsFor(revoked, member!, NOON)).toBe('key removed');
    expect(networkFold.fromJson(JSON.parse(JSON.stringify(networkFold.toJson(after))))).toEqual(after);
  });

  test('is signed by an operator afterwards, who is not overruled', () => {
    const { memberId, publicKey } = record();
    const byAnn = fact({ memberId, publicKey, ...signMember(record(), ann) });
    const { after } = given(networkFold, [...facts, fact(signed())])
      .when(decideSignMembers, sign({ memberId, publicKey, ...signMember(record(), ann) }))
      .thenFacts(byAnn);
    expect(waitsFor(genesis, lockMembers(after)[0]!, at(60))).toBeNull();
    given(networkFold, [...facts, byAnn])
      .when(decideSignMembers, sign(signed()))
      .thenRefused('lock_refused', 'an operator has signed it');
  });

  const rotating: AnyFact[] = [
    { type: 'NodeKeyRotationRequested', data: { nodeId: nodeId(1) } },
    { type: 'NodeKeyOffered', data: { nodeId: nodeId(1), publicKey: wireguardKey(7) } },
  ];
  const withNext = given(networkFold, [...facts, ...rotating]).state;
  const next = record(withNext, wireguardKey(7));
  test.each<[string, AnyFact[], SignedMember, string]>([
    [
      'with another enrolment key',
      facts,
      signed(delegate({ ...limits, keyId: nodeId(9) }, ann)),
      'another enrolment key',
    ],
    ['for another network', facts, signed(delegate({ ...limits, networkId: networkId(2) }, ann)), 'another network'],
    ['too late', facts, signed(delegate({ ...limits, until: NOON }, ann)), 'could sign until'],
    ['with a key that nobody signed', facts, signed(delegation, thief), 'another key'],
    [
      'with a key that a delegated key signed',
      facts,
      signed(delegate({ ...limits, publicKey: thief.publicKey }, token), thief),
      'does not count',
    ],
    ['to carry others', facts, { ...signed(), mayCarry: true }, 'carries others'],
    [
      'for its next key',
      [...facts, ...rotating],
      { memberId: next.memberId, publicKey: next.publicKey, ...signOwnMembership(next, delegation, token) },
      'keys on offer',
    ],
    ['without a lock', facts.slice(0, 2), signed(), 'no lock'],
    [
      'with a key that was revoked',
      [...facts, { type: 'LockChanged', data: { entry: signLock(changeAfter(genesis, { revoked: [keyId] }), ann) } }],
      signed(),
      'revoked',
    ],
  ])('%s is refused', (_, before, bad, why) => {
    given(networkFold, before).when(decideSignMembers, sign(bad)).thenRefused('lock_refused', new RegExp(why));
  });
});
