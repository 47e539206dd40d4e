import { describe, expect, test } from '@jest/globals';
import type { RefusalCode } from '#contracts/errors.js';
import type { AnyFact } from '#contracts/facts.js';
import { type LockEntry, MOST_LOCK_ENTRIES } from '#contracts/membership-lock.js';
import { changeAfter, signLock, signMember } from '#contracts/sign-membership.js';
import { verifyNatively } from '#service/verify-natively.js';
import { lockMembers, mayTakeNextKey, waitsFor } from '#topology/lock-members.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import {
  clientCreated,
  clientId,
  clusterDeclared,
  gatewayCreated,
  publicationId,
  servicePublished,
} from '../../../../test/support/gateway-facts.js';
import { given, meta } from '../../../../test/support/given.js';
import {
  NETWORK_ID,
  networkCreated,
  networkId,
  nodeEnrolled,
  nodeId,
  wireguardKey,
} from '../../../../test/support/network-facts.js';
import { lockBy, operator, unlockSecret } from '../../../../test/support/operator.js';
import { decideFinishKeyRotation } from '../nodes/key-rotation.decider.js';
import { decideChangeLock } from './change-lock.decider.js';
import { decideSignMembers, type SignedMember } from './sign-members.decider.js';

const [ann, bob, eve] = [operator(1), operator(2), operator(3)];
const ranges = ['10.90.0.0/16', 'fd00:90::/64'];
const genesis = lockBy(ann, NETWORK_ID, ranges);
const both = signLock(changeAfter(genesis, { keys: [ann.publicKey, bob.publicKey] }), ann);
const two = [networkCreated(), nodeEnrolled(1), nodeEnrolled(2)];
const locked = (...entries: LockEntry[]): AnyFact[] =>
  entries.map((entry) => ({ type: 'LockChanged', data: { entry } }));
const change = (entry: unknown) => ({ ...meta(), entry, verify: verifyNatively });

describe('entries of the lock', () => {
  test('are recorded as they were signed, once', () => {
    const { answer, after, thenNothingWhenRepeated } = given(networkFold, two)
      .when(decideChangeLock, change(genesis))
      .thenFacts(...locked(genesis));
    thenNothingWhenRepeated();
    expect(answer).toMatchObject({ on: true, serial: 1, keys: [ann.publicKey], members: 2, waiting: 2, ranges });
    expect(networkFold.fromJson(JSON.parse(JSON.stringify(networkFold.toJson(after))))).toEqual(after);
  });

  test('take it off by a key or by the secret', () => {
    const off = changeAfter(both, { keys: [] });
    for (const entry of [signLock(off, bob), { ...off, secret: unlockSecret }]) {
      const { answer } = given(networkFold, [...two, ...locked(genesis, both)])
        .when(decideChangeLock, change(entry))
        .thenFacts(...locked(entry));
      expect(answer).toMatchObject({ on: false, keys: [], waiting: 0 });
    }
  });

  test.each<[string, AnyFact[], unknown, RefusalCode]>([
    ['no entry', two, { ...genesis, keys: 'x' }, 'invalid'],
    ['of another network', two, lockBy(ann, networkId(2), ranges), 'invalid'],
    ['of other ranges', two, lockBy(ann, NETWORK_ID), 'invalid'],
    ['not signed by a key it names', two, { ...genesis, by: eve.publicKey }, 'lock_refused'],
    [
      'by a key that does not count',
      [...two, ...locked(genesis)],
      signLock(changeAfter(genesis, { keys: [eve.publicKey] }), eve),
      'lock_refused',
    ],
    [
      'that somebody else was faster with',
      [...two, ...locked(genesis, both)],
      signLock(changeAfter(genesis, {}), ann),
      'lock_refused',
    ],
    ['without a network', [], genesis, 'not_found'],
  ])('%s are refused', (_, facts, entry, code) => {
    given(networkFold, facts).when(decideChangeLock, change(entry)).thenRefused(code);
  });

  test('do not go on without end: every agent gets all of them', () => {
    const chain = [genesis];
    while (chain.length < MOST_LOCK_ENTRIES) chain.push(signLock(changeAfter(chain.at(-1)!, {}), ann));
    given(networkFold, [...two, ...locked(...chain)])
      .when(decideChangeLock, change(signLock(changeAfter(chain.at(-1)!, {}), ann)))
      .thenRefused('lock_refused', 'the most');
  });
});

type Signed = Extract<AnyFact, { type: 'MemberSigned' }>['data'];

const signatures = (state: NetworkState, by = ann): Signed[] =>
  lockMembers(state).map(({ record }) => {
    const { memberId, publicKey } = record;
    return { memberId, publicKey, ...signMember(record, by) };
  });
const sign = (all: SignedMember[]) => ({ ...meta(), signatures: all, verify: verifyNatively });

describe('signatures', () => {
  const { state } = given(networkFold, [...two, ...locked(genesis)]);
  const [first, second] = signatures(state) as [Signed, Signed];

  test('are recorded once each', () => {
    const {
      answer,
      after,
      thenNothingWhenRepeated: _never,
    } = given(networkFold, [...two, ...locked(genesis)])
      .when(decideSignMembers, sign([first, second]))
      .thenFacts({ type: 'MemberSigned', data: first }, { type: 'MemberSigned', data: second });
    expect(answer).toEqual({ recorded: 2, gone: [] });
    expect(decideSignMembers(sign([first, second]), after)).toMatchObject({
      facts: [],
      answer: { recorded: 0, gone: [] },
    });
    expect(networkFold.fromJson(JSON.parse(JSON.stringify(networkFold.toJson(after))))).toEqual(after);
  });

  test('may come before the lock, so that it comes when all are signed', () => {
    const { after } = given(networkFold, two)
      .when(decideSignMembers, sign([first, second]))
      .thenFacts({ type: 'MemberSigned', data: first }, { type: 'MemberSigned', data: second });
    expect(decideChangeLock(change(genesis), after).answer).toMatchObject({ members: 2, waiting: 0 });
  });

  test('of who is gone meanwhile keep nobody else waiting', () => {
    const gone = { ...first, memberId: nodeId(9) };
    const rotated = { ...second, publicKey: wireguardKey(9) };
    const { answer } = given(networkFold, [...two, ...locked(genesis)])
      .when(decideSignMembers, sign([gone, rotated, second]))
      .thenFacts({ type: 'MemberSigned', data: second });
    expect(answer).toEqual({ recorded: 1, gone: [nodeId(9), nodeId(2)] });
  });

  test.each<[string, SignedMember, RefusalCode, string]>([
    ['of a key that does not count', signatures(state, eve)[0]!, 'lock_refused', 'lock add'],
    ['of somebody else', { ...first, signature: second.signature }, 'invalid', 'signatures[1].signature'],
    ['for less than they are sent for', { ...first, mayCarry: true }, 'invalid', 'signatures[1].signature'],
  ])('%s are refused, all of the request', (_, bad, code, why) => {
    given(networkFold, [...two, ...locked(genesis)])
      .when(decideSignMembers, sign([second, bad]))
      .thenRefused(code, new RegExp(why.replaceAll(/[[\]]/g, '.')));
  });

  test('cover clients and services; those who carry them need more than before', () => {
    const facts = [
      ...two,
      ...locked(genesis),
      { type: 'MemberSigned', data: first } as AnyFact,
      gatewayCreated(1, { kind: 'ingress', members: [nodeId(1)] }),
      clientCreated(1),
      clusterDeclared(1),
      servicePublished(1),
    ];
    const { state: more } = given(networkFold, facts);
    expect(
      lockMembers(more).map(({ kind, record, signed }) => [kind, record.memberId, record.mayCarry, signed?.by]),
    ).toEqual([
      ['node', nodeId(1), true, ann.publicKey],
      ['node', nodeId(2), false, undefined],
      ['client', clientId(1), false, undefined],
      ['service', publicationId(1), false, undefined],
    ]);
    const { after, answer } = given(networkFold, facts)
      .when(decideSignMembers, sign(signatures(more)))
      .thenFacts(...signatures(more).map((data) => ({ type: 'MemberSigned', data }) as AnyFact));
    expect(answer).toEqual({ recorded: 4, gone: [] });
    expect(after.nodes.get(nodeId(1))?.signed).toMatchObject({ mayCarry: true });
    const why = (lock: LockEntry) => lockMembers(more).map((member) => waitsFor(lock, member, meta().at));
    expect(why(genesis)).toEqual(['not to carry', 'never signed', 'never signed', 'never signed']);
    expect(why(lockBy(bob, NETWORK_ID))[0]).toBe('key removed');
    expect(decideChangeLock(change(both), after).answer).toMatchObject({ waiting: 0 });
  });
});

describe('a new key of a node', () => {
  const rotating: AnyFact[] = [
    { type: 'NodeKeyRotationRequested', data: { nodeId: nodeId(1) } },
    { type: 'NodeKeyOffered', data: { nodeId: nodeId(1), publicKey: wireguardKey(7) } },
  ];
  const finish = { ...meta(), nodeId: nodeId(1), publicKey: wireguardKey(7) };
  const rotated: AnyFact = { type: 'NodeKeyRotated', data: { nodeId: nodeId(1), publicKey: wireguardKey(7) } };

  test('waits for its signature, which goes with it', () => {
    const { state } = given(networkFold, [...two, ...locked(genesis), ...rotating]);
    expect(mayTakeNextKey(state, state.nodes.get(nodeId(1))!)).toBe(false);
    given(networkFold, [...two, ...locked(genesis), ...rotating])
      .when(decideFinishKeyRotation, finish)
      .thenNothing();
    const next = signatures(state).find(({ publicKey }) => publicKey === wireguardKey(7))!;
    const { after } = given(networkFold, [
      ...two,
      ...locked(genesis),
      ...rotating,
      { type: 'MemberSigned', data: next },
    ])
      .when(decideFinishKeyRotation, finish)
      .thenFacts(rotated);
    expect(after.nodes.get(nodeId(1))).toMatchObject({
      publicKey: wireguardKey(7),
      signed: { signature: next.signature },
    });
    expect(after.nodes.get(nodeId(1))).not.toHaveProperty('nextSigned');
  });

  test('waits no more once the lock is off, from when all may take it on', () => {
    const off: LockEntry = { ...changeAfter(genesis, { keys: [] }), secret: unlockSecret };
    const { state } = given(networkFold, [...two, ...locked(genesis), ...rotating, ...locked(off)]);
    const node = state.nodes.get(nodeId(1))!;
    expect(mayTakeNextKey(state, node)).toBe(true);
    expect(node.keyRotation).toEqual({ step: 'offered', publicKey: wireguardKey(7), version: state.version });
    expect(state.nodes.get(nodeId(2))).not.toHaveProperty('keyRotation');
  });

  test('waits for nothing where there is no lock, and an old signature does not go with it', () => {
    const { state } = given(networkFold, two);
    const [before] = signatures(state);
    const { after } = given(networkFold, [...two, { type: 'MemberSigned', data: before! }, ...rotating])
      .when(decideFinishKeyRotation, finish)
      .thenFacts(rotated);
    expect(after.nodes.get(nodeId(1))).not.toHaveProperty('signed');
  });
});
