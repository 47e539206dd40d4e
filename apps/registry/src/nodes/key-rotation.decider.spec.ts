import { describe, expect, test } from '@jest/globals';
import type { RefusalCode } from '#contracts/errors.js';
import type { AnyFact } from '#contracts/facts.js';
import { networkFold } from '#topology/network-fold.js';
import { clientCreated, gatewayCreated } from '../../../../test/support/gateway-facts.js';
import { given, meta } from '../../../../test/support/given.js';
import { networkCreated, nodeEnrolled, nodeId, wireguardKey } from '../../../../test/support/network-facts.js';
import { decideFinishKeyRotation, decideOfferKey, decideRequestKeyRotation } from './key-rotation.decider.js';

const two = [networkCreated(), nodeEnrolled(1), nodeEnrolled(2)];
const requested: AnyFact = { type: 'NodeKeyRotationRequested', data: { nodeId: nodeId(1) } };
const offered: AnyFact = { type: 'NodeKeyOffered', data: { nodeId: nodeId(1), publicKey: wireguardKey(7) } };
const rotated: AnyFact = { type: 'NodeKeyRotated', data: { nodeId: nodeId(1), publicKey: wireguardKey(7) } };
const request = { ...meta(), nodeId: nodeId(1) };
const key = { ...meta(), nodeId: nodeId(1), publicKey: wireguardKey(7) };

describe('asking a node for a new key', () => {
  test('is one fact, however often it is asked', () => {
    const { answer, thenNothingWhenRepeated } = given(networkFold, two)
      .when(decideRequestKeyRotation, request)
      .thenFacts(requested);
    expect(answer).toMatchObject({ keyRotation: { step: 'requested', version: 4 }, publicKey: wireguardKey(1) });
    thenNothingWhenRepeated();
  });

  test('again while another key is on offer: that one is given up', () => {
    const { after } = given(networkFold, [...two, requested, offered])
      .when(decideRequestKeyRotation, request)
      .thenFacts(requested);
    expect(after.nodeIdByPublicKey.has(wireguardKey(7))).toBe(false);
    given(networkFold, [...two, requested, offered, requested])
      .when(decideFinishKeyRotation, key)
      .thenFacts();
  });

  test.each<[string, AnyFact[], object, RefusalCode]>([
    ['an unknown node', [], { nodeId: nodeId(9) }, 'not_found'],
    ['a stale view of it', [], { expectedVersion: 1 }, 'version_mismatch'],
    ['a disabled one', [{ type: 'NodeDisabled', data: { nodeId: nodeId(1) } }], {}, 'node_disabled'],
    ['one whose key is in files of clients', clientsOf(1), {}, 'in_use'],
  ])('%s is refused', (_, facts, overrides, code) => {
    given(networkFold, [...two, ...facts])
      .when(decideRequestKeyRotation, { ...request, ...overrides })
      .thenRefused(code);
  });

  test('one whose key is in files of clients, by force', () => {
    given(networkFold, [...two, ...clientsOf(1)])
      .when(decideRequestKeyRotation, { ...request, force: true })
      .thenFacts(requested);
    given(networkFold, [...two, ...clientsOf(2)])
      .when(decideRequestKeyRotation, request)
      .thenFacts(requested);
  });
});

describe('the key that the node offers', () => {
  test('is taken once, and is in use for everybody else', () => {
    const { after, thenNothingWhenRepeated } = given(networkFold, [...two, requested])
      .when(decideOfferKey, key)
      .thenFacts(offered);
    thenNothingWhenRepeated();
    expect(after.nodes.get(nodeId(1))?.publicKey).toBe(wireguardKey(1));
    expect(after.nodeIdByPublicKey.get(wireguardKey(7))).toBe(nodeId(1));
    expect(networkFold.fromJson(JSON.parse(JSON.stringify(networkFold.toJson(after))))).toEqual(after);
  });

  test('repeated when it is in use already makes no fact', () => {
    given(networkFold, [...two, requested, offered, rotated])
      .when(decideOfferKey, key)
      .thenFacts();
  });

  test.each<[string, AnyFact[], object, RefusalCode]>([
    ['unasked', [], {}, 'forbidden'],
    ['a second one', [requested, offered], { publicKey: wireguardKey(8) }, 'forbidden'],
    ['of another node', [requested], { publicKey: wireguardKey(2) }, 'public_key_taken'],
    ['no key', [requested], { publicKey: 'AAAA' }, 'invalid'],
    ['of an unknown node', [requested], { nodeId: nodeId(9) }, 'not_found'],
  ])('%s is refused', (_, facts, overrides, code) => {
    given(networkFold, [...two, ...facts])
      .when(decideOfferKey, { ...key, ...overrides })
      .thenRefused(code);
  });
});

describe('finishing', () => {
  test('puts the new key in use, and the old one is free', () => {
    const { after, thenNothingWhenRepeated } = given(networkFold, [...two, requested, offered])
      .when(decideFinishKeyRotation, key)
      .thenFacts(rotated);
    thenNothingWhenRepeated();
    expect(after.nodes.get(nodeId(1))).toMatchObject({ publicKey: wireguardKey(7), keyRotation: { step: 'done' } });
    expect(after.nodeIdByPublicKey.has(wireguardKey(1))).toBe(false);
    expect(after.nodeIdByPublicKey.size).toBe(after.nodes.size);
  });

  test('a node that is removed meanwhile leaves neither key', () => {
    const gone: AnyFact = { type: 'NodeRemoved', data: { nodeId: nodeId(1), reason: 'operator' } };
    const { state } = given(networkFold, [...two, requested, offered, gone]);
    expect([...state.nodeIdByPublicKey.values()]).toEqual([nodeId(2)]);
  });
});

function clientsOf(n: number): AnyFact[] {
  return [gatewayCreated(1, { kind: 'ingress', members: [nodeId(n)] }), clientCreated(1)];
}
