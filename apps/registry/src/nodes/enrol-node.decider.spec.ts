import { describe, expect, test } from '@jest/globals';
import { sha256Hex } from '#contracts/canonical.js';
import type { RefusalCode } from '#contracts/errors.js';
import type { AnyFact, EnrolmentKeyRecord } from '#contracts/facts.js';
import { networkFold } from '#topology/network-fold.js';
import { assigned, clusterDeclared } from '../../../../test/support/gateway-facts.js';
import { at, fact, given, meta } from '../../../../test/support/given.js';
import {
  controlKey,
  keyCreated,
  keyId,
  natsKey,
  networkCreated,
  nodeEnrolled,
  nodeId,
  nodeRemoved,
  SECRET_HASH,
  wireguardKey,
} from '../../../../test/support/network-facts.js';
import { decideEnrolNode, type EnrolNode } from './enrol-node.decider.js';

const enrol = (n: number, overrides: Partial<EnrolNode> = {}): EnrolNode => ({
  ...meta({ actor: `key/${keyId(1)}` }),
  nodeId: nodeId(n),
  keyId: keyId(1),
  secretHash: SECRET_HASH,
  name: `node-${n}`,
  publicKey: wireguardKey(n),
  controlKey: controlKey(n),
  natsKey: natsKey(n),
  ...overrides,
});

const open = [networkCreated(), keyCreated()];
const full = [networkCreated({ cidr: '10.90.0.0/30', cidr6: null }), keyCreated()];
const inSmall = (n: number) => nodeEnrolled(n, { addresses: [`10.90.0.${n}`] });

describe('admitted', () => {
  test('the first node gets the lowest addresses', () => {
    const { answer, after, thenNothingWhenRepeated } = given(networkFold, open)
      .when(decideEnrolNode, enrol(1))
      .thenFacts(nodeEnrolled(1));
    expect(answer).toMatchObject({
      nodeId: nodeId(1),
      addresses: ['10.90.0.1', 'fd00:90::1'],
      enabled: true,
      version: 3,
    });
    expect(after.keys.get(keyId(1))?.used).toBe(1);
    thenNothingWhenRepeated();
  });

  test('the next one gets the next', () => {
    given(networkFold, [...open, nodeEnrolled(1)])
      .when(decideEnrolNode, enrol(2))
      .thenFacts(nodeEnrolled(2));
  });

  test("the key's labels, site and TTL win over what the machine says", () => {
    const key = keyCreated({ labels: { role: 'db', tier: '1' }, site: 'oslo', ephemeralTtl: 900 });
    given(networkFold, [networkCreated(), key])
      .when(decideEnrolNode, enrol(1, { labels: { role: 'admin', rack: '7' }, site: 'rome' }))
      .thenFacts(nodeEnrolled(1, { labels: { role: 'db', rack: '7', tier: '1' }, site: 'oslo', ephemeralTtl: 900 }));
    given(networkFold, open)
      .when(decideEnrolNode, enrol(1, { labels: { rack: '7' }, site: 'rome' }))
      .thenFacts(nodeEnrolled(1, { labels: { rack: '7' }, site: 'rome' }));
  });

  test('endpoints in canonical form, each once', () => {
    const endpoint = { address: '2001:db8::7', port: 51820, kind: 'public' } as const;
    given(networkFold, open)
      .when(decideEnrolNode, enrol(1, { endpoints: [{ ...endpoint, address: '2001:DB8:0::7' }, endpoint] }))
      .thenFacts(nodeEnrolled(1, { endpoints: [endpoint] }));
  });

  test('into a network of one family', () => {
    given(networkFold, [networkCreated({ cidr: null }), keyCreated()])
      .when(decideEnrolNode, enrol(1))
      .thenFacts(nodeEnrolled(1, { addresses: ['fd00:90::1'] }));
  });

  test('with name and keys of a node that was removed, at other addresses', () => {
    given(networkFold, [...open, nodeEnrolled(1), nodeRemoved(1)])
      .when(decideEnrolNode, { ...enrol(1), nodeId: nodeId(2) })
      .thenFacts(nodeEnrolled(1, { nodeId: nodeId(2), addresses: ['10.90.0.2', 'fd00:90::2'] }));
  });

  test('a day later at its addresses again', () => {
    given(networkFold, [...open, nodeEnrolled(1), nodeRemoved(1)])
      .when(decideEnrolNode, { ...enrol(1), nodeId: nodeId(2), at: at(86_400) })
      .thenFacts(nodeEnrolled(1, { nodeId: nodeId(2) }));
  });
});

describe('the same machine again, because its answer was lost', () => {
  const once = [networkCreated(), keyCreated({ uses: 1 }), nodeEnrolled(1)];
  const again = enrol(1, { nodeId: nodeId(9) });

  test('gets its node back and uses up nothing', () => {
    const { answer } = given(networkFold, once).when(decideEnrolNode, again).thenNothing();
    expect(answer).toMatchObject({ nodeId: nodeId(1), addresses: ['10.90.0.1', 'fd00:90::1'], version: 3 });
  });

  test.each<[string, Partial<EnrolNode>]>([
    ['another name', { name: 'node-9' }],
    ['another control key', { controlKey: controlKey(9) }],
    ['another NATS key', { natsKey: natsKey(9) }],
  ])('with %s it is another machine', (_what, overrides) => {
    given(networkFold, once)
      .when(decideEnrolNode, { ...again, ...overrides })
      .thenRefused('key_exhausted');
  });

  test('with another enrolment key its public key is taken', () => {
    given(networkFold, [...once, keyCreated({ keyId: keyId(2) })])
      .when(decideEnrolNode, { ...again, keyId: keyId(2), name: 'node-9' })
      .thenRefused('public_key_taken');
  });
});

describe('the enrolment key is refused', () => {
  const revoked: AnyFact = { type: 'EnrolmentKeyRevoked', data: { keyId: keyId(1) } };
  const key = (limits: Partial<EnrolmentKeyRecord>) => [networkCreated(), keyCreated(limits)];

  test.each<[string, AnyFact[], RefusalCode, string]>([
    ['unknown', [networkCreated()], 'key_unknown', 'is not known here; ask the operator for a new one'],
    ['another secret', key({ secretHash: sha256Hex('other') }), 'key_unknown', 'is not known here'],
    ['revoked', [...open, revoked], 'key_revoked', 'was revoked; ask the operator for a new one'],
    ['expired', key({ expiresAt: at(0) }), 'key_expired', `expired at ${at(0)}`],
    ['exhausted', [...key({ uses: 2 }), nodeEnrolled(2), nodeEnrolled(3)], 'key_exhausted', 'all 2 of its nodes'],
    [
      'exhausted, its node gone',
      [...key({ uses: 1 }), nodeEnrolled(2), nodeRemoved(2)],
      'key_exhausted',
      'all 1 of its',
    ],
  ])('%s', (_what, facts, code, detail) => {
    const refusal = given(networkFold, facts).when(decideEnrolNode, enrol(1)).thenRefused(code, detail);
    expect(refusal.detail).not.toContain(SECRET_HASH);
  });

  test('no sooner than it expires', () => {
    given(networkFold, [networkCreated(), keyCreated({ expiresAt: at(1) })])
      .when(decideEnrolNode, enrol(1))
      .thenFacts(nodeEnrolled(1));
  });
});

describe('the node is refused', () => {
  const zero = Buffer.alloc(32).toString('base64');
  const short = Buffer.alloc(31, 7).toString('base64');
  test.each<[string, Partial<EnrolNode>, string]>([
    ['a name with a space', { name: 'my node' }, 'name must be'],
    ['a name of 64 characters', { name: 'n'.repeat(64) }, 'name must be'],
    ['a public key of 31 bytes', { publicKey: short }, 'publicKey must be a public key'],
    ['a public key of zeros', { publicKey: zero }, 'publicKey must not be all zero'],
    ['a control key of 31 bytes', { controlKey: short }, 'controlKey must be a public key'],
    ['a control key of zeros', { controlKey: zero }, 'controlKey must not be all zero'],
    ['no NATS key', { natsKey: 'U123' }, 'natsKey must be'],
    ['a bad label', { labels: { '': 'x' } }, 'labels has a key'],
    ['a bad site', { site: 'a b' }, 'site must be'],
    ['a name as endpoint', { endpoints: [{ address: 'a.example', port: 1, kind: 'lan' }] }, 'endpoints[0].address'],
    ['a mesh address as endpoint', { endpoints: [{ address: '10.90.0.7', port: 1, kind: 'lan' }] }, 'outside the mesh'],
  ])('%s', (_what, overrides, detail) => {
    given(networkFold, open).when(decideEnrolNode, enrol(1, overrides)).thenRefused('invalid', detail);
  });

  test.each<[string, Partial<EnrolNode>, RefusalCode, string]>([
    ['name', { name: 'node-1' }, 'name_taken', `the name "node-1" is taken by node ${nodeId(1)}`],
    [
      'public key',
      { publicKey: wireguardKey(1) },
      'public_key_taken',
      `publicKey is in use by node "node-1" (${nodeId(1)})`,
    ],
    ['control key', { controlKey: controlKey(1) }, 'public_key_taken', 'controlKey is in use by node "node-1"'],
    ['NATS key', { natsKey: natsKey(1) }, 'public_key_taken', 'natsKey is in use by node "node-1"'],
  ])('a taken %s, naming the other node', (_what, overrides, code, detail) => {
    given(networkFold, [...open, nodeEnrolled(1)])
      .when(decideEnrolNode, enrol(2, overrides))
      .thenRefused(code, detail);
  });

  test('an endpoint in a virtual range', () => {
    const endpoints = [{ address: '100.64.9.9', port: 51820, kind: 'lan' as const }];
    given(networkFold, [...open, clusterDeclared(1), assigned(1, '10.42.0.0/16', '100.64.0.0/16')])
      .when(decideEnrolNode, enrol(1, { endpoints }))
      .thenRefused('endpoint_in_range', 'virtual range of cluster "cluster-1"; leave that endpoint out');
  });

  test('a full range', () => {
    given(networkFold, [...full, inSmall(1), inSmall(2)])
      .when(decideEnrolNode, enrol(3))
      .thenRefused('range_exhausted', 'the range 10.90.0.0/30 has no free address');
    given(networkFold, [...full, inSmall(1), inSmall(2), fact(nodeRemoved(1), at(-60))])
      .when(decideEnrolNode, enrol(3))
      .thenRefused('range_exhausted', `the next becomes free at ${at(86_340)}`);
  });

  test('without a network', () => {
    given(networkFold).when(decideEnrolNode, enrol(1)).thenRefused('not_found');
  });
});
