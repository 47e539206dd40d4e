import { describe, expect, test } from '@jest/globals';
import type { RefusalCode } from '#contracts/errors.js';
import type { AnyFact, Endpoint } from '#contracts/facts.js';
import { networkFold } from '#topology/network-fold.js';
import { assigned, clusterDeclared, clusterId, gatewayCreated } from '../../../../test/support/gateway-facts.js';
import { given, meta } from '../../../../test/support/given.js';
import { networkCreated, nodeEnrolled, nodeId, wireguardKey } from '../../../../test/support/network-facts.js';
import { decideChangeNode, decideRotateNodeKey, type ChangeNode, type RotateNodeKey } from './change-node.decider.js';

const endpoint: Endpoint = { address: '203.0.113.7', port: 51820, kind: 'public' };
const two = [networkCreated(), nodeEnrolled(1, { labels: { role: 'db' }, endpoints: [endpoint] }), nodeEnrolled(2)];

const change = (overrides: Partial<ChangeNode>): ChangeNode => ({ ...meta(), nodeId: nodeId(1), ...overrides });
const rotate = (overrides: Partial<RotateNodeKey> = {}): RotateNodeKey => ({
  ...meta(),
  nodeId: nodeId(1),
  publicKey: wireguardKey(7),
  ...overrides,
});
const changed = (changes: object): AnyFact => ({ type: 'NodeChanged', data: { nodeId: nodeId(1), changes } });

describe('changing a node', () => {
  test.each<[Partial<ChangeNode>]>([
    [{ name: 'db' }],
    [{ labels: {} }],
    [{ labels: { role: 'db', tier: '1' } }],
    [{ site: 'oslo' }],
    [{ endpoints: [] }],
    [{ endpoints: [{ ...endpoint, kind: 'lan' }] }],
    [{ name: 'db', labels: { role: 'web' }, site: 'oslo', endpoints: [] }],
  ])('%j', (changes) => {
    const { answer, thenNothingWhenRepeated } = given(networkFold, two)
      .when(decideChangeNode, change(changes))
      .thenFacts(changed(changes));
    expect(answer).toMatchObject({ ...changes, nodeId: nodeId(1), version: 4 });
    thenNothingWhenRepeated();
  });

  test('only what differs becomes a fact', () => {
    given(networkFold, two)
      .when(decideChangeNode, change({ name: 'node-1', labels: { role: 'db' }, endpoints: [endpoint], site: 'oslo' }))
      .thenFacts(changed({ site: 'oslo' }));
    given(networkFold, two).when(decideChangeNode, change({})).thenNothing();
    given(networkFold, two)
      .when(decideChangeNode, change({ site: null }))
      .thenNothing();
  });

  test.each<[Partial<ChangeNode>, RefusalCode, string]>([
    [{ name: 'a b' }, 'invalid', 'name must be'],
    [{ labels: { x: ' ' } }, 'invalid', 'labels.x must be'],
    [{ site: '' }, 'invalid', 'site must be'],
    [{ endpoints: [{ ...endpoint, address: '10.90.0.1' }] }, 'invalid', 'outside the mesh'],
    [{ endpoints: Array<Endpoint>(17).fill(endpoint) }, 'invalid', 'endpoints must be at most 16'],
    [{ name: 'node-2' }, 'name_taken', `the name "node-2" is taken by node ${nodeId(2)}`],
    [{ nodeId: nodeId(9), name: 'x' }, 'not_found', `network "prod" has no node with id ${nodeId(9)}`],
    [{ name: 'x', expectedVersion: 3 }, 'version_mismatch', 'it is at version 2 now, not at 3'],
  ])('refused: %j', (overrides, code, detail) => {
    given(networkFold, two).when(decideChangeNode, change(overrides)).thenRefused(code, detail);
  });
});

describe('an endpoint that a range leads to', () => {
  const at = (address: string, kind: Endpoint['kind'] = 'public') =>
    change({ endpoints: [{ ...endpoint, address, kind }] });
  const door = gatewayCreated(2, { kind: 'cluster', clusterId: clusterId(1), members: [nodeId(1)] });
  const facts = [...two, clusterDeclared(1), assigned(1, '10.42.0.0/16', '100.64.0.0/16'), gatewayCreated(1), door];

  test.each<[string, ChangeNode, string]>([
    [
      'virtual, of whichever node',
      { ...at('100.64.9.9', 'lan'), nodeId: nodeId(2) },
      'virtual range of cluster "cluster-1"',
    ],
    ['of an egress gateway, through the node itself', at('192.168.1.9'), 'in a range of gateway "gateway-1"'],
    ['of its cluster, through the node itself', at('10.43.0.9'), 'in a range of gateway "gateway-2"'],
  ])('refused: %s', (_what, command, detail) => {
    given(networkFold, facts).when(decideChangeNode, command).thenRefused('endpoint_in_range', detail);
  });

  test('one that only its own site dials is fine while nobody else is there', () => {
    const command = at('192.168.1.9', 'lan');
    const moved = (site: string): AnyFact => ({ type: 'NodeChanged', data: { nodeId: nodeId(2), changes: { site } } });
    const home: AnyFact = { type: 'NodeChanged', data: { nodeId: nodeId(1), changes: { site: 'oslo' } } };
    const { endpoints } = command;
    given(networkFold, [...facts, home])
      .when(decideChangeNode, command)
      .thenFacts(changed({ endpoints }));
    given(networkFold, [...facts, home, moved('oslo')])
      .when(decideChangeNode, command)
      .thenRefused('endpoint_in_range', 'gateway "gateway-1"');
    given(networkFold, [...facts, moved('oslo'), changed({ endpoints })])
      .when(decideChangeNode, change({ site: 'oslo' }))
      .thenRefused('endpoint_in_range', 'gateway "gateway-1"');
  });

  test('of a node that does not serve it', () => {
    const command = { ...at('192.168.1.9'), nodeId: nodeId(2) };
    const { endpoints } = command;
    given(networkFold, facts)
      .when(decideChangeNode, command)
      .thenFacts({ type: 'NodeChanged', data: { nodeId: nodeId(2), changes: { endpoints } } } as AnyFact);
  });
});

describe('rotating a key', () => {
  test('the new key takes the place of the old one', () => {
    const { answer, after, thenNothingWhenRepeated } = given(networkFold, two)
      .when(decideRotateNodeKey, rotate({ expectedVersion: 2 }))
      .thenFacts({ type: 'NodeKeyRotated', data: { nodeId: nodeId(1), publicKey: wireguardKey(7) } });
    expect(answer).toMatchObject({ publicKey: wireguardKey(7), version: 4 });
    expect(after.nodeIdByPublicKey.has(wireguardKey(1))).toBe(false);
    thenNothingWhenRepeated();
  });

  test.each<[Partial<RotateNodeKey>, RefusalCode, string]>([
    [{ publicKey: Buffer.alloc(31, 1).toString('base64') }, 'invalid', 'publicKey must be a public key'],
    [{ publicKey: Buffer.alloc(32).toString('base64') }, 'invalid', 'publicKey must not be all zero'],
    [{ publicKey: wireguardKey(2) }, 'public_key_taken', 'publicKey is in use by node "node-2"'],
    [{ nodeId: nodeId(9) }, 'not_found', nodeId(9)],
    [{ expectedVersion: 1 }, 'version_mismatch', 'it is at version 2 now'],
  ])('refused: %j', (overrides, code, detail) => {
    given(networkFold, two).when(decideRotateNodeKey, rotate(overrides)).thenRefused(code, detail);
  });
});
