import { describe, expect, test } from '@jest/globals';
import type { RefusalCode } from '#contracts/errors.js';
import type { NetworkFact } from '#contracts/facts.js';
import { networkFold } from '#topology/network-fold.js';
import { translateClusterAddress } from '#topology/translate-cluster-address.js';
import {
  assigned,
  clusterDeclared,
  clusterId,
  gatewayCreated,
  linked,
  linkId,
} from '../../../../test/support/gateway-facts.js';
import { given, meta } from '../../../../test/support/given.js';
import { networkCreated, nodeEnrolled } from '../../../../test/support/network-facts.js';
import { decideLinkClusters, decideUnlinkClusters, type LinkClusters } from './link.decider.js';

const start = [networkCreated(), nodeEnrolled(1)];
const link = (n: number, a: number, b: number, more: Partial<LinkClusters> = {}): LinkClusters => ({
  ...meta(),
  linkId: linkId(n),
  a: clusterId(a),
  b: clusterId(b),
  ...more,
});
const disjoint = clusterDeclared(3, { pods: ['10.52.0.0/16'], services: ['10.53.0.0/16'] });
const ofFirst = [assigned(1, '10.42.0.0/16', '100.64.0.0/16'), assigned(1, '10.43.0.0/16', '100.65.0.0/16')];
const ofSecond = [assigned(2, '10.42.0.0/16', '100.66.0.0/16'), assigned(2, '10.43.0.0/16', '100.67.0.0/16')];
const alike = [...start, clusterDeclared(1), clusterDeclared(2)];

describe('linking', () => {
  test('disjoint clusters: real addresses cross, in whatever order they are named', () => {
    given(networkFold, [...start, clusterDeclared(1), disjoint])
      .when(decideLinkClusters, link(1, 3, 1))
      .thenFacts(linked(1, 1, 3))
      .thenNothingWhenRepeated();
  });

  test('equal clusters: both get virtual ranges, lowest first', () => {
    const { after, answer } = given(networkFold, alike)
      .when(decideLinkClusters, link(1, 1, 2))
      .thenFacts(...ofFirst, ...ofSecond, linked(1, 1, 2));
    expect(answer).toMatchObject({ ranges: { a: [{ crossing: '100.64.0.0/16' }, { crossing: '100.65.0.0/16' }] } });
    const ways = ['10.42.7.9', '100.64.7.9'].map((text) => translateClusterAddress(after, clusterId(1), text));
    for (const way of ways) expect(way).toMatchObject({ real: '10.42.7.9', crossing: '100.64.7.9', translated: true });
    expect(() => translateClusterAddress(after, clusterId(1), '10.44.0.1')).toThrow('is in no range of cluster');
  });

  test('a third equal one: the ranges of the others stay', () => {
    given(networkFold, [...alike, clusterDeclared(3), ...ofFirst, ...ofSecond, linked(1, 1, 2)])
      .when(decideLinkClusters, link(2, 1, 3))
      .thenFacts(
        assigned(3, '10.42.0.0/16', '100.68.0.0/16'),
        assigned(3, '10.43.0.0/16', '100.69.0.0/16'),
        linked(2, 1, 3),
      );
  });

  test('one that overlaps a cluster linked elsewhere gets them, the other stays as it is', () => {
    const { after } = given(networkFold, [...alike, disjoint, linked(1, 1, 3)])
      .when(decideLinkClusters, link(2, 2, 3))
      .thenFacts(
        assigned(2, '10.42.0.0/16', '100.64.0.0/16'),
        assigned(2, '10.43.0.0/16', '100.65.0.0/16'),
        linked(2, 2, 3),
      );
    expect(after.virtualRanges.size).toBe(2);
  });

  test.each<[string, Partial<Parameters<typeof clusterDeclared>[1]>, NetworkFact[], NetworkFact[]]>([
    ['the mesh', { pods: ['10.90.4.0/24'], services: [] }, [], [assigned(1, '10.90.4.0/24', '100.64.0.0/24')]],
    [
      'an egress range',
      { pods: ['192.168.1.0/25'], services: [] },
      [gatewayCreated(1)],
      [assigned(1, '192.168.1.0/25', '100.64.0.0/25')],
    ],
    [
      'another of IPv6',
      { pods: ['fd00:90::/64'], services: [] },
      [],
      [assigned(1, 'fd00:90::/64', 'fd64:746f:6d62::/64')],
    ],
  ])('ranges that overlap %s', (_what, ranges, facts, expected) => {
    given(networkFold, [...start, clusterDeclared(1, ranges), disjoint, ...facts])
      .when(decideLinkClusters, link(1, 1, 3))
      .thenFacts(...expected, linked(1, 1, 3));
  });

  test('virtual ranges avoid every owner in the pool', () => {
    const cgnat = { address: '100.64.9.9', port: 51820, kind: 'lan' } as const;
    given(networkFold, [
      networkCreated(),
      nodeEnrolled(1, { endpoints: [cgnat] }),
      clusterDeclared(1),
      clusterDeclared(2),
    ])
      .when(decideLinkClusters, link(1, 1, 2))
      .thenFacts(
        assigned(1, '10.42.0.0/16', '100.65.0.0/16'),
        assigned(1, '10.43.0.0/16', '100.66.0.0/16'),
        assigned(2, '10.42.0.0/16', '100.67.0.0/16'),
        assigned(2, '10.43.0.0/16', '100.68.0.0/16'),
        linked(1, 1, 2),
      );
  });

  const flats = [clusterDeclared(1, { model: 'flat' }), clusterDeclared(2)];
  const small = networkCreated({ virtualPool: '172.16.0.0/15' });
  test.each<[string, NetworkFact[], LinkClusters, RefusalCode, string]>([
    ['with itself', alike, link(1, 1, 1), 'link_self', 'cannot be linked with itself'],
    ['unknown', alike, link(1, 1, 9), 'not_found', 'no cluster with id'],
    ['another wish', alike, link(1, 1, 2, { onOverlap: 'maybe' as never }), 'invalid', 'onOverlap must be one of'],
    ['id taken', [...alike, disjoint, linked(1, 1, 3)], link(1, 1, 2), 'id_taken', 'another link'],
    [
      'refuse',
      alike,
      link(1, 1, 2, { onOverlap: 'refuse' }),
      'cidr_overlap',
      '10.42.0.0/16 of cluster "cluster-1" (pods) overlaps 10.42.0.0/16 of cluster "cluster-2" (pods)',
    ],
    ['flat', [...start, ...flats], link(1, 1, 2), 'cidr_overlap', 'cluster "cluster-1" is flat'],
    [
      'isolated',
      [...start, clusterDeclared(1, { model: 'isolated' }), disjoint],
      link(1, 1, 3),
      'model_forbids',
      'is isolated',
    ],
    [
      'island',
      [...start, clusterDeclared(1, { model: 'island' }), disjoint],
      link(1, 1, 3),
      'model_forbids',
      'is island',
    ],
    [
      'a pool too small',
      [small, clusterDeclared(1), clusterDeclared(2)],
      link(1, 1, 2),
      'pool_exhausted',
      'the virtual pool 172.16.0.0/15 has no room for 10.42.0.0/16 of cluster "cluster-2"',
    ],
    [
      'no pool',
      [networkCreated({ virtualPool: null }), clusterDeclared(1), clusterDeclared(2)],
      link(1, 1, 2),
      'pool_exhausted',
      'no IPv4 pool',
    ],
    [
      'a pool that is the mesh',
      [networkCreated({ cidr: '100.64.0.0/16' }), clusterDeclared(1), clusterDeclared(2)],
      link(1, 1, 2),
      'cidr_overlap',
      '100.64.0.0/10 of the virtual pool overlaps 100.64.0.0/16 of network "prod"',
    ],
    [
      'a pool that is egress',
      [...alike, gatewayCreated(1, { ranges: ['100.100.0.0/16'] })],
      link(1, 1, 2),
      'cidr_overlap',
      'overlaps 100.100.0.0/16 of gateway "gateway-1"',
    ],
  ])('refused: %s', (_what, facts, command, ...refusal) => {
    given(networkFold, facts)
      .when(decideLinkClusters, command)
      .thenRefused(...refusal);
  });
});

describe('unlinking', () => {
  const both = [...alike, ...ofFirst, ...ofSecond, linked(1, 1, 2)];
  const unlink = (n: number) => ({ ...meta(), linkId: linkId(n) });
  const released = (n: number, real: string): NetworkFact => ({
    type: 'VirtualRangeReleased',
    data: { clusterId: clusterId(n), real },
  });

  test('the last link gives the ranges back', () => {
    given(networkFold, both)
      .when(decideUnlinkClusters, unlink(1))
      .thenFacts(
        { type: 'ClustersUnlinked', data: { linkId: linkId(1) } },
        released(1, '10.42.0.0/16'),
        released(1, '10.43.0.0/16'),
        released(2, '10.42.0.0/16'),
        released(2, '10.43.0.0/16'),
      );
  });

  test('a cluster that is linked with another keeps its own', () => {
    const { after } = given(networkFold, [...both, disjoint, linked(2, 1, 3)])
      .when(decideUnlinkClusters, unlink(1))
      .thenFacts(
        { type: 'ClustersUnlinked', data: { linkId: linkId(1) } },
        released(2, '10.42.0.0/16'),
        released(2, '10.43.0.0/16'),
      );
    expect([...after.virtualRanges.values()].map(({ virtual }) => virtual)).toEqual(['100.64.0.0/16', '100.65.0.0/16']);
  });

  test('refused: a link that is not', () => {
    given(networkFold, both).when(decideUnlinkClusters, unlink(9)).thenRefused('not_found', 'no link with id');
  });
});
