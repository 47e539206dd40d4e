import { describe, expect, test } from '@jest/globals';
import type { NetworkFact } from '#contracts/facts.js';
import { networkFold } from '#topology/network-fold.js';
import { clusterDeclared, clusterId } from '../../../../test/support/gateway-facts.js';
import { given, meta } from '../../../../test/support/given.js';
import { networkCreated, nodeEnrolled, nodeId } from '../../../../test/support/network-facts.js';
import { decideReportCluster, type ReportCluster } from './report-cluster.decider.js';

const start = [networkCreated({ model: 'archipelago' }), nodeEnrolled(1), nodeEnrolled(2), nodeEnrolled(3)];
const report = (overrides: Partial<ReportCluster> = {}): ReportCluster => ({
  ...meta(),
  newClusterId: clusterId(1),
  name: 'cluster-1',
  pods: ['10.42.0.0/16'],
  services: ['10.43.0.0/16'],
  members: [
    { node: 'node-1', pods: ['10.42.1.0/24'] },
    { node: 'node-2', pods: ['10.42.2.0/24'] },
  ],
  ...overrides,
});
const member = (n: number, pods: string[]): NetworkFact => ({
  type: 'ClusterMemberSet',
  data: { clusterId: clusterId(1), nodeId: nodeId(n), pods },
});
const unset = (n: number): NetworkFact => ({
  type: 'ClusterMemberUnset',
  data: { clusterId: clusterId(1), nodeId: nodeId(n) },
});
const changed = (changes: object): NetworkFact => ({
  type: 'ClusterChanged',
  data: { clusterId: clusterId(1), changes },
});
const there = [...start, clusterDeclared(1), member(1, ['10.42.1.0/24']), member(2, ['10.42.2.0/24'])];

test('a cluster that nobody knew is declared with its nodes; the same report again is no fact', () => {
  const { answer, thenNothingWhenRepeated } = given(networkFold, start)
    .when(decideReportCluster, report())
    .thenFacts(clusterDeclared(1), member(1, ['10.42.1.0/24']), member(2, ['10.42.2.0/24']));
  expect(answer).toEqual({ clusterId: clusterId(1), unknownNodes: [] });
  thenNothingWhenRepeated();
});

test('neither the order of nodes nor whether they are named by name or id means anything', () => {
  const members = [
    { node: nodeId(2), pods: ['10.42.2.0/24'] },
    { node: 'node-1', pods: ['10.42.1.0/24'] },
  ];
  given(networkFold, there)
    .when(decideReportCluster, report({ members, newClusterId: clusterId(9) }))
    .thenNothing();
});

describe('what differs is changed, and nothing else', () => {
  test.each<[string, Partial<ReportCluster>, NetworkFact[]]>([
    ['a node came', { members: [...report().members!, { node: 'node-3' }] }, [member(3, [])]],
    ['a node went', { members: [report().members![0]!] }, [unset(2)]],
    ['all nodes went', { members: [] }, [unset(1), unset(2)]],
    ['another service range', { services: ['10.44.0.0/16'] }, [changed({ services: ['10.44.0.0/16'] })]],
    ['only what is given is looked at', { pods: undefined, services: undefined, members: undefined }, []],
    [
      'a range moved to another node, which is free before it is given',
      {
        members: [
          { node: 'node-1', pods: ['10.42.2.0/24'] },
          { node: 'node-2', pods: ['10.42.3.0/24'] },
        ],
      },
      [member(2, []), member(1, ['10.42.2.0/24']), member(2, ['10.42.3.0/24'])],
    ],
    [
      'two nodes changed places',
      {
        members: [
          { node: 'node-1', pods: ['10.42.2.0/24'] },
          { node: 'node-2', pods: ['10.42.1.0/24'] },
        ],
      },
      [member(1, []), member(2, []), member(1, ['10.42.2.0/24']), member(2, ['10.42.1.0/24'])],
    ],
    [
      'all pods were renumbered',
      { pods: ['10.50.0.0/16'], members: [{ node: 'node-1', pods: ['10.50.1.0/24'] }] },
      [unset(2), member(1, []), changed({ pods: ['10.50.0.0/16'] }), member(1, ['10.50.1.0/24'])],
    ],
  ])('%s', (_, overrides, facts) => {
    const { thenNothingWhenRepeated } = given(networkFold, there)
      .when(decideReportCluster, report(overrides))
      .thenFacts(...facts);
    thenNothingWhenRepeated();
  });
});

test('nodes that the network does not know are left out and named', () => {
  const members = [{ node: 'late-2' }, { node: 'node-1', pods: ['10.42.1.0/24'] }, { node: 'late-1' }];
  const { answer } = given(networkFold, start)
    .when(decideReportCluster, report({ members }))
    .thenFacts(clusterDeclared(1), member(1, ['10.42.1.0/24']));
  expect(answer).toMatchObject({ unknownNodes: ['late-1', 'late-2'] });
});

test('a report that breaks a rule changes nothing', () => {
  const state = given(networkFold, there);
  const when = (overrides: Partial<ReportCluster>) => state.when(decideReportCluster, report(overrides));
  when({ pods: ['10.42.0.0/33'] }).thenRefused('cidr_invalid');
  when({ services: ['10.42.0.0/24'] }).thenRefused('cidr_overlap');
  when({ members: [{ node: 'node-1', pods: ['10.99.0.0/24'] }] }).thenRefused('invalid', /none of the pod ranges/);
  when({ members: [{ node: 'NODE\u0000' }] }).thenRefused('invalid', /members\[0\]\.node/);
  when({ name: 'cluster-2', newClusterId: clusterId(2) }).thenRefused('already_member');
  given(networkFold).when(decideReportCluster, report()).thenRefused('not_found');
});
