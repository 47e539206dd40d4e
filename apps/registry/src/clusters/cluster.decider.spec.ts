import { describe, expect, test } from '@jest/globals';
import type { RefusalCode } from '#contracts/errors.js';
import type { NetworkFact } from '#contracts/facts.js';
import { networkFold } from '#topology/network-fold.js';
import {
  assigned,
  clusterDeclared,
  clusterId,
  gatewayCreated,
  linked,
  servicePublished,
} from '../../../../test/support/gateway-facts.js';
import { given, meta } from '../../../../test/support/given.js';
import { networkCreated, nodeEnrolled, nodeId } from '../../../../test/support/network-facts.js';
import { decideSetClusterMember, decideUnsetClusterMember } from './cluster-member.decider.js';
import {
  decideChangeCluster,
  decideDeclareCluster,
  decideRemoveCluster,
  type ChangeCluster,
  type DeclareCluster,
} from './cluster.decider.js';

const start = [networkCreated(), nodeEnrolled(1), nodeEnrolled(2)];
const declare = (overrides: Partial<DeclareCluster> = {}): DeclareCluster => ({
  ...meta(),
  clusterId: clusterId(1),
  name: 'cluster-1',
  pods: ['10.42.0.0/16'],
  services: ['10.43.0.0/16'],
  model: 'archipelago',
  ...overrides,
});
const change = (overrides: Partial<ChangeCluster>): ChangeCluster => ({
  ...meta(),
  clusterId: clusterId(1),
  ...overrides,
});
const member = (n: number, pods: string[], cluster = 1): NetworkFact => ({
  type: 'ClusterMemberSet',
  data: { clusterId: clusterId(cluster), nodeId: nodeId(n), pods },
});

/** Node 1 in the door of a cluster. */
const door = (cluster: number) => gatewayCreated(cluster, { kind: 'cluster', clusterId: clusterId(cluster) });

describe('declaring a cluster', () => {
  test('ranges become canonical and sorted; the model is the network’s unless given', () => {
    const { thenNothingWhenRepeated } = given(networkFold, start)
      .when(
        decideDeclareCluster,
        declare({ pods: ['FD00:42::/56', '10.42.0.0/16', '10.42.0.0/16'], services: [], model: undefined }),
      )
      .thenFacts(clusterDeclared(1, { pods: ['10.42.0.0/16', 'fd00:42::/56'], services: [], model: 'flat' }));
    thenNothingWhenRepeated();
  });

  test('others may have the same ranges where nothing crosses', () => {
    given(networkFold, [...start, clusterDeclared(2)])
      .when(decideDeclareCluster, declare())
      .thenFacts(clusterDeclared(1));
  });

  test('services may be the same beside a flat cluster: nobody knows those', () => {
    const pods = ['10.52.0.0/16'];
    given(networkFold, [...start, clusterDeclared(2, { model: 'flat' })])
      .when(decideDeclareCluster, declare({ pods }))
      .thenFacts(clusterDeclared(1, { pods }));
  });

  const flat = clusterDeclared(2, { model: 'flat' });
  const egress = gatewayCreated(1, { ranges: ['10.0.0.0/8'] });
  test.each<[Partial<DeclareCluster>, NetworkFact[], RefusalCode, string]>([
    [{ name: 'A b' }, [], 'invalid', 'name must be'],
    [{ model: 'round' as never }, [], 'invalid', 'model must be one of'],
    [{ pods: [], services: [] }, [], 'invalid', 'must not both be empty'],
    [{ pods: ['10.42.1.0/16'] }, [], 'cidr_invalid', 'host bits set'],
    [{ pods: ['0.0.0.0/0'] }, [], 'cidr_invalid', 'is everything'],
    [{ pods: ['127.0.0.0/16'] }, [], 'cidr_invalid', 'loopback'],
    [{ services: ['10.42.8.0/24'] }, [], 'cidr_overlap', 'overlaps 10.42.8.0/24 of cluster "cluster-1" (services)'],
    [{ name: 'cluster-2' }, [clusterDeclared(2)], 'name_taken', `is taken by cluster ${clusterId(2)}`],
    [{ name: 'other' }, [clusterDeclared(1)], 'id_taken', 'is taken by cluster "cluster-1"'],
    [
      { model: 'flat' },
      [flat],
      'cidr_overlap',
      'of cluster "cluster-1" (pods) overlaps 10.42.0.0/16 of cluster "cluster-2" (pods)',
    ],
    [{ model: 'flat' }, [clusterDeclared(2)], 'cidr_overlap', 'every node knows the pods of a flat cluster'],
    [
      { model: 'flat', pods: ['10.43.0.0/17'], services: [] },
      [clusterDeclared(2)],
      'cidr_overlap',
      '(services); every',
    ],
    [{ model: 'island' }, [flat], 'cidr_overlap', 'every node knows the pods of a flat cluster'],
    [{ model: 'flat' }, [egress], 'cidr_overlap', 'overlaps 10.0.0.0/8 of gateway "gateway-1"'],
    [{ model: 'flat', pods: ['10.90.128.0/17'] }, [], 'range_in_mesh', 'lies in 10.90.0.0/16 of network "prod"'],
    [{ model: 'flat', pods: ['10.90.0.0/16'] }, [], 'range_in_mesh', 'lies in'],
    [{ model: 'flat', pods: ['10.80.0.0/12'] }, [], 'cidr_overlap', 'overlaps 10.90.0.0/16 of network "prod"'],
    [
      { pods: ['100.64.0.0/24'] },
      [clusterDeclared(2), assigned(2, '10.42.0.0/16', '100.64.0.0/16')],
      'cidr_overlap',
      'overlaps 100.64.0.0/16 of cluster "cluster-2" (virtual)',
    ],
  ])('refused: %j', (overrides, facts, code, detail) => {
    given(networkFold, [...start, ...facts])
      .when(decideDeclareCluster, declare(overrides))
      .thenRefused(code, detail);
  });
});

describe('changing a cluster', () => {
  test('only what differs becomes a fact', () => {
    given(networkFold, [...start, clusterDeclared(1)])
      .when(decideChangeCluster, change({ pods: ['10.42.0.0/16'], services: ['10.44.0.0/16'] }))
      .thenFacts({ type: 'ClusterChanged', data: { clusterId: clusterId(1), changes: { services: ['10.44.0.0/16'] } } })
      .thenNothingWhenRepeated();
  });

  const link = [clusterDeclared(1), clusterDeclared(2, { pods: ['10.52.0.0/16'], services: [] }), linked(1, 1, 2)];
  const virtual = [...link, assigned(1, '10.42.0.0/16', '100.64.0.0/16')];
  test.each<[Partial<ChangeCluster>, NetworkFact[], RefusalCode, string]>([
    [{ clusterId: clusterId(9) }, [], 'not_found', 'no cluster with id'],
    [{ expectedVersion: 1, name: 'x' }, link, 'version_mismatch', 'read it again'],
    [{ name: 'cluster-2' }, link, 'name_taken', 'is taken by cluster'],
    [{ pods: [], services: [] }, link, 'invalid', 'must not both be empty'],
    [{ services: ['10.52.0.0/24'] }, link, 'cidr_overlap', 'of cluster "cluster-2" (pods); unlink the cluster'],
    [{ pods: ['10.50.0.0/16'] }, virtual, 'in_use', 'is known to others as 100.64.0.0/16'],
    [{ model: 'isolated' }, link, 'model_forbids', 'it is linked'],
    [{ model: 'island' }, link, 'model_forbids', 'it is linked'],
    [{ model: 'flat' }, virtual, 'model_forbids', 'virtual range'],
    [{ model: 'flat' }, [clusterDeclared(1), clusterDeclared(2)], 'cidr_overlap', 'every node knows'],
    [
      { services: ['10.52.0.0/24'] },
      [clusterDeclared(1), clusterDeclared(2, { pods: ['10.52.0.0/16'] }), member(1, []), door(2)],
      'cidr_overlap',
      'of cluster "cluster-2" (pods); a node that has to do with both',
    ],
    [{ model: 'flat' }, [clusterDeclared(1), servicePublished(1)], 'model_forbids', 'publishes services'],
    [
      { pods: ['10.50.0.0/16'] },
      [clusterDeclared(1), member(1, ['10.42.1.0/24'])],
      'invalid',
      '10.42.1.0/24 of node "node-1"',
    ],
  ])('refused: %j', (overrides, facts, code, detail) => {
    given(networkFold, [...start, ...facts])
      .when(decideChangeCluster, change(overrides))
      .thenRefused(code, detail);
  });
});

describe('removing a cluster', () => {
  test('takes its memberships along', () => {
    given(networkFold, [...start, clusterDeclared(1), member(1, [])])
      .when(decideRemoveCluster, change({}))
      .thenFacts({ type: 'ClusterRemoved', data: { clusterId: clusterId(1) } });
  });

  test.each<[NetworkFact[], RefusalCode, string]>([
    [[], 'not_found', 'no cluster'],
    [[clusterDeclared(1), clusterDeclared(2), linked(1, 1, 2)], 'in_use', 'is linked with cluster "cluster-2"'],
    [
      [clusterDeclared(1), gatewayCreated(1, { kind: 'cluster', clusterId: clusterId(1) })],
      'in_use',
      'has gateway "gateway-1"',
    ],
    [[clusterDeclared(1), servicePublished(1)], 'in_use', 'publishes services'],
  ])('refused after %j', (facts, code, detail) => {
    given(networkFold, [...start, ...facts])
      .when(decideRemoveCluster, change({}))
      .thenRefused(code, detail);
  });
});

describe('members', () => {
  const set = (n: number, pods?: string[]) => ({ ...meta(), clusterId: clusterId(1), nodeId: nodeId(n), pods });
  const one = [...start, clusterDeclared(1)];

  test('a node joins with its pods, and leaves', () => {
    given(networkFold, one)
      .when(decideSetClusterMember, set(1, ['10.42.1.0/24']))
      .thenFacts(member(1, ['10.42.1.0/24']))
      .thenNothingWhenRepeated();
    given(networkFold, [...one, member(1, [])])
      .when(decideUnsetClusterMember, set(1))
      .thenFacts({ type: 'ClusterMemberUnset', data: { clusterId: clusterId(1), nodeId: nodeId(1) } })
      .thenNothingWhenRepeated();
  });

  test('a node may stand in the door of another cluster with other ranges', () => {
    const other = clusterDeclared(2, { pods: ['10.52.0.0/16'], services: [] });
    given(networkFold, [...one, other, door(2)])
      .when(decideSetClusterMember, set(1, []))
      .thenFacts(member(1, []));
  });

  test('a node that is removed is no member any more', () => {
    const removed: NetworkFact = { type: 'NodeRemoved', data: { nodeId: nodeId(1), reason: 'operator' } };
    const { clusters } = given(networkFold, [...one, member(1, []), member(2, []), removed]).state;
    expect([...clusters.get(clusterId(1))!.members.keys()]).toEqual([nodeId(2)]);
  });

  const endpoint = { address: '10.42.3.7', port: 51820, kind: 'public' } as const;
  test.each<[number, string[], NetworkFact[], RefusalCode, string]>([
    [9, [], [], 'not_found', 'no node with id'],
    [1, ['10.42.1.1/24'], [], 'cidr_invalid', 'host bits set'],
    [1, ['10.99.1.0/24'], [], 'invalid', '10.99.1.0/24 of node "node-1" is in none of the pod ranges'],
    [
      1,
      ['10.42.1.0/24'],
      [member(2, ['10.42.0.0/23'])],
      'cidr_overlap',
      'of node "node-1" overlaps 10.42.0.0/23 of node "node-2"',
    ],
    [
      1,
      [],
      [clusterDeclared(2), door(2)],
      'cidr_overlap',
      'of cluster "cluster-2" (pods); a node that has to do with both',
    ],
    [1, [], [clusterDeclared(2), member(1, [], 2)], 'already_member', 'of cluster "cluster-2"'],
  ])('refused: node %i with %j', (n, pods, facts, ...refusal) => {
    given(networkFold, [...one, ...facts])
      .when(decideSetClusterMember, set(n, pods))
      .thenRefused(...refusal);
  });

  test('refused: a member of a flat cluster that is reached at an address of its pods', () => {
    const inside = [
      networkCreated(),
      nodeEnrolled(1, { endpoints: [endpoint] }),
      clusterDeclared(1, { model: 'flat' }),
    ];
    given(networkFold, inside).when(decideSetClusterMember, set(1)).thenRefused('endpoint_in_range', '10.42.3.7');
  });
});
