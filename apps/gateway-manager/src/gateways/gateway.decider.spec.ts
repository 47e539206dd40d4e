import { describe, expect, test } from '@jest/globals';
import type { RefusalCode } from '#contracts/errors.js';
import type { Endpoint, NetworkFact } from '#contracts/facts.js';
import type { GatewayRecord } from '#contracts/gateway-facts.js';
import { networkFold } from '#topology/network-fold.js';
import {
  activated,
  assigned,
  clientCreated,
  clientId,
  clusterDeclared,
  clusterId,
  gatewayCreated,
  gatewayId,
  gatewayRecord,
  linked,
} from '../../../../test/support/gateway-facts.js';
import { given, meta } from '../../../../test/support/given.js';
import { networkCreated, nodeEnrolled, nodeId } from '../../../../test/support/network-facts.js';
import { decideDrainGateway } from './drain.decider.js';
import {
  decideChangeGateway,
  decideCreateGateway,
  decideRemoveGateway,
  type ChangeGateway,
  type CreateGateway,
} from './gateway.decider.js';

const endpoint = (address: string, kind: Endpoint['kind'] = 'public'): Endpoint => ({ address, port: 51820, kind });
const start = [
  networkCreated(),
  nodeEnrolled(1, { endpoints: [endpoint('203.0.113.7'), endpoint('172.20.0.7', 'lan')], site: 'oslo' }),
  nodeEnrolled(2),
  nodeEnrolled(3, { site: 'oslo' }),
  nodeEnrolled(4),
  { type: 'NodeDisabled', data: { nodeId: nodeId(4) } },
] satisfies NetworkFact[];
const create = (overrides: Partial<CreateGateway> = {}): CreateGateway => ({
  ...meta(),
  ...gatewayRecord(1),
  ...overrides,
});
const internet = (n: number, members: number[], nodes: number[], clients: number[] = []): Partial<GatewayRecord> => {
  const users = { nodes: nodes.map(nodeId), clients: clients.map(clientId) };
  return { kind: 'internet', ranges: [], members: members.map(nodeId), users, gatewayId: gatewayId(n) };
};
const member = (n: number, cluster: number): NetworkFact => ({
  type: 'ClusterMemberSet',
  data: { clusterId: clusterId(cluster), nodeId: nodeId(n), pods: [] },
});
const ingress = gatewayCreated(2, { kind: 'ingress' });

describe('creating a gateway', () => {
  test('its first member serves at once', () => {
    given(networkFold, start)
      .when(
        decideCreateGateway,
        create({ ranges: ['192.168.9.0/24', '10.0.0.0/8'], members: [nodeId(2), nodeId(1)], masquerade: undefined }),
      )
      .thenFacts(
        gatewayCreated(1, {
          ranges: ['10.0.0.0/8', '192.168.9.0/24'],
          members: [nodeId(2), nodeId(1)],
          masquerade: true,
        }),
        activated(1, nodeId(2)),
      )
      .thenNothingWhenRepeated();
  });

  test('a longer range inside that of another gateway is welcome', () => {
    given(networkFold, [...start, gatewayCreated(2, { ranges: ['192.168.0.0/16'] })])
      .when(decideCreateGateway, create())
      .thenFacts(gatewayCreated(1), activated(1, nodeId(1)));
  });

  test('its own LAN may hold its LAN endpoint where all of its site serve', () => {
    const members = [nodeId(1), nodeId(3)];
    given(networkFold, start)
      .when(decideCreateGateway, create({ ranges: ['172.20.0.0/16'], members }))
      .thenFacts(gatewayCreated(1, { ranges: ['172.20.0.0/16'], members }), activated(1, nodeId(1)));
  });

  const door: Partial<GatewayRecord> = { kind: 'cluster', ranges: [], clusterId: clusterId(1) };
  const link = [clusterDeclared(1), clusterDeclared(2, { pods: ['10.52.0.0/16'] }), linked(1, 1, 2)];
  test.each<[Partial<CreateGateway>, NetworkFact[], RefusalCode, string]>([
    [{ name: 'x y' }, [], 'invalid', 'name must be'],
    [{ kind: 'door' as never }, [], 'invalid', 'kind must be one of'],
    [{ members: [] }, [], 'invalid', 'members must name at least one'],
    [{ members: [nodeId(1), nodeId(1)] }, [], 'invalid', 'each node once'],
    [{ ranges: [] }, [], 'invalid', 'ranges must name at least one'],
    [{ kind: 'ingress' }, [], 'invalid', 'ranges belong to gateways of kind egress'],
    [{ kind: 'cluster', ranges: [] }, [], 'invalid', 'clusterId must name the cluster'],
    [{ clusterId: clusterId(1) }, [], 'invalid', 'clusterId belongs to'],
    [{ users: { nodes: [nodeId(2)] } }, [], 'invalid', 'users belong to gateways of kind internet'],
    [{ members: [nodeId(9)] }, [], 'gateway_member_unknown', `no node with id ${nodeId(9)}`],
    [{ members: [nodeId(4)] }, [], 'node_disabled', 'node "node-4" is disabled'],
    [{ ranges: ['192.168.1.1/24'] }, [], 'cidr_invalid', 'host bits set'],
    [{ ranges: ['0.0.0.0/0'] }, [], 'cidr_invalid', 'an internet gateway'],
    [{ ranges: ['10.90.0.0/16'] }, [], 'range_in_mesh', 'lies in 10.90.0.0/16 of network "prod"'],
    [{ ranges: ['10.90.3.0/24'] }, [], 'range_in_mesh', 'lies in'],
    [{ ranges: ['fd00:90::/80'] }, [], 'range_in_mesh', 'lies in fd00:90::/64'],
    [{ ranges: ['203.0.113.0/24'] }, [], 'endpoint_in_range', 'node "node-1" is reached at 203.0.113.7'],
    [{ ranges: ['172.20.0.0/16'] }, [], 'endpoint_in_range', '172.20.0.7'],
    [
      { ranges: ['192.168.2.0/24'] },
      [gatewayCreated(2)],
      'cidr_overlap',
      '192.168.2.0/24 of gateway "gateway-1" overlaps 192.168.2.0/24 of gateway "gateway-2"',
    ],
    [{ ranges: ['10.42.0.0/17'] }, link, 'cidr_overlap', 'overlaps 10.42.0.0/16 of cluster "cluster-1" (pods)'],
    [
      { ranges: ['100.64.0.0/16'] },
      [...link, assigned(1, '10.42.0.0/16', '100.64.0.0/16')],
      'cidr_overlap',
      '(virtual)',
    ],
    [{ name: 'gateway-2' }, [gatewayCreated(2)], 'name_taken', `by gateway ${gatewayId(2)}`],
    [{ name: 'other' }, [gatewayCreated(1)], 'id_taken', 'by gateway "gateway-1"'],
    [{ probe: { address: '192.168.2.1', port: null } }, [], 'invalid', 'in no range of gateway'],
    [{ probe: { address: '192.168.1.1', port: 0 } }, [], 'invalid', 'probe.port must be'],
    [{ probe: { address: 'db.example', port: 1 } }, [], 'invalid', 'neither an IPv4'],
    [door, [], 'not_found', 'no cluster with id'],
    [door, [clusterDeclared(1), gatewayCreated(2, door)], 'already_member', 'has gateway "gateway-2"'],
    [door, [clusterDeclared(1), clusterDeclared(2), member(1, 2)], 'cidr_overlap', 'a node that has to do with both'],
    [
      door,
      [clusterDeclared(1), clusterDeclared(2), gatewayCreated(2, { ...door, clusterId: clusterId(2) })],
      'cidr_overlap',
      '10.42.0.0/16 of cluster "cluster-1" (pods) overlaps 10.42.0.0/16 of cluster "cluster-2" (pods)',
    ],
    [door, [clusterDeclared(1, { pods: ['203.0.113.0/24'] })], 'endpoint_in_range', '203.0.113.7'],
    [internet(1, [1], [9]), [], 'not_found', 'no node with id'],
    [internet(1, [1], [], [9]), [], 'not_found', 'no client with id'],
    [internet(1, [1], [1]), [], 'internet_loop', 'node "node-1" serves internet gateway "gateway-1"'],
    [
      internet(1, [1], [2]),
      [gatewayCreated(2, internet(2, [2], [3]))],
      'internet_loop',
      'serves internet gateway "gateway-2"',
    ],
    [
      internet(1, [1], [2]),
      [gatewayCreated(2, internet(2, [3], [1]))],
      'internet_loop',
      'node "node-1" uses internet gateway "gateway-2"',
    ],
    [
      internet(1, [1], [2]),
      [gatewayCreated(2, internet(2, [3], [2]))],
      'internet_loop',
      'node "node-2" uses internet gateway "gateway-2" already',
    ],
  ])('refused: %j', (overrides, facts, code, detail) => {
    given(networkFold, [...start, ...facts])
      .when(decideCreateGateway, create(overrides))
      .thenRefused(code, detail);
  });

  test('one node may stand in the doors of two clusters with ranges of their own', () => {
    const other = clusterDeclared(2, { pods: ['10.52.0.0/16'], services: [] });
    const facts = [clusterDeclared(1), other, gatewayCreated(2, { ...door, clusterId: clusterId(2) })];
    given(networkFold, [...start, ...facts])
      .when(decideCreateGateway, create(door))
      .thenFacts(gatewayCreated(1, door), activated(1, nodeId(1)));
  });

  test('refused: a client through two', () => {
    const facts = [
      ...start,
      ingress,
      clientCreated(1, { gatewayId: gatewayId(2) }),
      gatewayCreated(3, internet(3, [3], [], [1])),
    ];
    given(networkFold, facts)
      .when(decideCreateGateway, create(internet(1, [1], [], [1])))
      .thenRefused('internet_loop', 'client "client-1" uses internet gateway "gateway-3" already');
  });
});

describe('changing a gateway', () => {
  const two = [...start, gatewayCreated(1, { members: [nodeId(1), nodeId(2)] }), activated(1, nodeId(1))];
  const change = (overrides: Partial<ChangeGateway>): ChangeGateway => ({
    ...meta(),
    gatewayId: gatewayId(1),
    ...overrides,
  });
  const changed = (changes: object) =>
    ({ type: 'GatewayChanged', data: { gatewayId: gatewayId(1), changes } }) as NetworkFact;

  test('only what differs becomes a fact', () => {
    given(networkFold, two)
      .when(decideChangeGateway, change({ ranges: ['192.168.1.0/24'], masquerade: false, probe: null }))
      .thenFacts(changed({ masquerade: false }))
      .thenNothingWhenRepeated();
  });

  test('when who serves goes, the next serves at once', () => {
    given(networkFold, two)
      .when(decideChangeGateway, change({ members: [nodeId(2)] }))
      .thenFacts(changed({ members: [nodeId(2)] }), {
        type: 'GatewayActivated',
        data: { gatewayId: gatewayId(1), active: nodeId(2), reason: 'member removed' },
      })
      .thenNothingWhenRepeated();
  });

  test.each<[Partial<ChangeGateway>, RefusalCode, string]>([
    [{ gatewayId: gatewayId(9) }, 'not_found', 'no gateway'],
    [{ masquerade: false, expectedVersion: 1 }, 'version_mismatch', 'read it again'],
    [{ members: [nodeId(9)] }, 'gateway_member_unknown', nodeId(9)],
    [{ ranges: ['10.90.1.0/24'] }, 'range_in_mesh', 'lies in'],
    [{ users: { nodes: [nodeId(2)] } }, 'invalid', 'users belong'],
  ])('refused: %j', (overrides, code, detail) => {
    given(networkFold, two).when(decideChangeGateway, change(overrides)).thenRefused(code, detail);
  });

  test('draining is a fact; who serves instead is the election’s choice', () => {
    const draining: NetworkFact = {
      type: 'GatewayDraining',
      data: { gatewayId: gatewayId(1), nodeId: nodeId(1), draining: true },
    };
    const { after, thenNothingWhenRepeated } = given(networkFold, two)
      .when(decideDrainGateway, { ...meta(), gatewayId: gatewayId(1), nodeId: nodeId(1) })
      .thenFacts(draining);
    thenNothingWhenRepeated();
    expect(after.gateways.get(gatewayId(1))).toMatchObject({ active: nodeId(1), draining: [nodeId(1)] });
    given(networkFold, two)
      .when(decideDrainGateway, { ...meta(), gatewayId: gatewayId(1), nodeId: nodeId(3) })
      .thenRefused('gateway_member_unknown', 'is no member');
  });

  const disabled = (n: number): NetworkFact => ({ type: 'NodeDisabled', data: { nodeId: nodeId(n) } });

  test('a member that is disabled is in the way of no other change, and takes over nothing', () => {
    const three = [...two, changed({ members: [nodeId(1), nodeId(2), nodeId(3)] }), disabled(2)];
    given(networkFold, three)
      .when(decideChangeGateway, change({ masquerade: false }))
      .thenFacts(changed({ masquerade: false }));
    given(networkFold, three)
      .when(decideChangeGateway, change({ members: [nodeId(2), nodeId(3)] }))
      .thenFacts(changed({ members: [nodeId(2), nodeId(3)] }), {
        type: 'GatewayActivated',
        data: { gatewayId: gatewayId(1), active: nodeId(3), reason: 'member removed' },
      });
    given(networkFold, three)
      .when(decideChangeGateway, change({ members: [nodeId(2)] }))
      .thenFacts(changed({ members: [nodeId(2)] }), {
        type: 'GatewayActivated',
        data: { gatewayId: gatewayId(1), active: null, reason: 'member removed' },
      });
  });

  test('while none can serve, a change makes no second fact of that', () => {
    given(networkFold, [...two, disabled(1), disabled(2), activated(1, null)])
      .when(decideChangeGateway, change({ masquerade: false }))
      .thenFacts(changed({ masquerade: false }));
  });
});

describe('removing a gateway', () => {
  const remove = (n: number, force = false) => ({ ...meta(), gatewayId: gatewayId(n), force });
  const used = [
    ...start,
    ingress,
    clientCreated(1, { gatewayId: gatewayId(2) }),
    gatewayCreated(3, internet(3, [3], [2], [1])),
  ];

  test('with clients only by force, which revokes them', () => {
    given(networkFold, used)
      .when(decideRemoveGateway, remove(2))
      .thenRefused('in_use', '1 client(s), "client-1" among them');
    given(networkFold, used)
      .when(decideRemoveGateway, remove(2, true))
      .thenFacts(
        {
          type: 'GatewayChanged',
          data: { gatewayId: gatewayId(3), changes: { users: { nodes: [nodeId(2)], clients: [] } } },
        },
        { type: 'ClientRevoked', data: { clientId: clientId(1) } },
        { type: 'GatewayRemoved', data: { gatewayId: gatewayId(2) } },
      );
  });

  test('refused: one that is not', () => {
    given(networkFold, used).when(decideRemoveGateway, remove(9)).thenRefused('not_found', 'no gateway');
  });
});
