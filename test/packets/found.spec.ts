import type { NetworkModel, NetworkFact } from '#contracts/facts.js';
import { landscapeOf } from '#planner/gateways/landscape.js';
import { transitOf } from '#planner/gateways/transit.js';
import { checkPlan } from '#planner/check-plan.js';
import { isLive } from '#planner/members.js';
import { planAll } from '#planner/plan-node.js';
import { networkFold } from '#topology/network-fold.js';
import {
  activated,
  assigned,
  clientCreated,
  clusterDeclared,
  clusterId,
  gatewayCreated,
  gatewayId,
  linked,
  servicePublished,
} from '../support/gateway-facts.js';
import { given } from '../support/given.js';
import { networkCreated, nodeEnrolled, nodeId } from '../support/network-facts.js';
import { publicEndpoint } from '../support/network-history.js';
import { place, reachabilityDecided, relayAssigned, relaySet } from '../support/relay-facts.js';
import { contradictions } from './contradictions.js';

/** Networks that random seeds found to go wrong, as small as they could be made. Node 1 is the relay of all that are behind NATs. */
const RELAY = 1;

/** @param behind nodes that nobody can call */
function network(behind: number[], ...facts: NetworkFact[]) {
  const nodes = [1, 2, 3, 4, 5, 6].map((n) =>
    nodeEnrolled(n, {
      addresses: [`10.90.0.${n}`],
      endpoints: behind.includes(n) ? [] : [publicEndpoint(`198.51.100.${n}`)],
    }),
  );
  const standings = behind.flatMap((n) => [
    reachabilityDecided(nodeId(n), place('endpoint-dependent', n)),
    relayAssigned(nodeId(n), nodeId(RELAY)),
  ]);
  const known = [networkCreated({ cidr6: null }), ...nodes, relaySet(nodeId(RELAY)), ...standings, ...facts];
  const { state } = given(networkFold, known);
  if (!isLive(state)) throw new Error('no network');
  expect(checkPlan(state, planAll(state))).toEqual([]);
  const told = transitOf(landscapeOf(state)).unrelayed.map(({ from, to, prefix, by }) =>
    [numberOf(from), numberOf(to), prefix, numberOf(by)].join(' '),
  );
  return { wrong: contradictions(state), told };
}

const numberOf = (id: string | null) => Number(id?.slice(-12));

interface Cluster {
  range: string;
  model?: NetworkModel;
  /** By which others see its pods. */
  virtual?: string;
  /** The nodes in its door; the first one serves. */
  door?: number[];
  /** Node number → the third number of its pods' addresses. */
  pods?: Record<number, number>;
}

function cluster(n: number, { range, model = 'archipelago', virtual, door = [], pods = {} }: Cluster): NetworkFact[] {
  const [first] = door;
  return [
    clusterDeclared(n, { pods: [range], services: [], model }),
    ...Object.entries(pods).map(([node, third]): NetworkFact => {
      const own = range.replace('.0.0/16', `.${third}.0/24`);
      return { type: 'ClusterMemberSet', data: { clusterId: clusterId(n), nodeId: nodeId(Number(node)), pods: [own] } };
    }),
    ...(first === undefined
      ? []
      : [
          gatewayCreated(n, {
            kind: 'cluster',
            clusterId: clusterId(n),
            masquerade: false,
            members: door.map((node) => nodeId(node)),
          }),
          activated(n, nodeId(first)),
        ]),
    ...(virtual === undefined ? [] : [assigned(n, range, virtual)]),
  ];
}

describe('a relay that serves a cluster', () => {
  test('leaves pods on a node that stands by in a door to that node, and reaches another cluster with the same range', () => {
    const { wrong, told } = network(
      [4, 6],
      ...cluster(1, { range: '10.44.0.0/16', door: [2] }),
      ...cluster(2, { range: '10.44.0.0/16', virtual: '100.66.0.0/16', door: [6, 4], pods: { 4: 0 } }),
      ...cluster(3, { range: '10.42.0.0/16', door: [RELAY] }),
      linked(1, 1, 3),
      linked(2, 2, 3),
    );
    expect(wrong).toEqual([]);
    expect(told).toEqual([]);
  });

  test('sends nobody to its own members who means another cluster with the same range', () => {
    const { wrong, told } = network(
      [2, 5],
      ...cluster(1, { range: '10.42.0.0/16', virtual: '100.66.0.0/16', door: [RELAY], pods: { 3: 0 } }),
      ...cluster(2, { range: '10.46.0.0/16', door: [5], pods: { 2: 0 } }),
      ...cluster(3, { range: '10.42.0.0/16' }),
      linked(1, 2, 3),
      linked(2, 1, 2),
    );
    expect(wrong).toEqual([]);
    expect(told).toContain('2 5 10.42.0.0/16 3');
  });

  test('gives up a member of its own rather than the way between doors', () => {
    const { wrong, told } = network(
      [3, 6],
      ...cluster(1, { range: '10.42.0.0/16', door: [3] }),
      ...cluster(2, { range: '10.44.0.0/16', door: [6] }),
      ...cluster(3, { range: '10.44.0.0/16', virtual: '100.66.0.0/16', door: [RELAY], pods: { 4: 0 } }),
      linked(1, 1, 2),
      linked(2, 1, 3),
    );
    expect(wrong).toEqual([]);
    expect(told).toEqual(['1 4 10.44.0.0/24 6']);
  });

  test('does not translate what another cluster with the same range sends to flat pods', () => {
    const { wrong, told } = network(
      [4, 6],
      ...cluster(1, { range: '10.46.0.0/16', virtual: '100.66.0.0/16', door: [RELAY] }),
      ...cluster(2, { range: '10.46.0.0/16', door: [2], pods: { 4: 0 } }),
      ...cluster(3, { range: '10.42.0.0/16', model: 'flat', pods: { 6: 0 } }),
      linked(1, 2, 3),
      linked(2, 1, 3),
    );
    expect(wrong).toEqual([]);
    expect(told).toEqual([]);
  });

  test('has its own way to a third cluster, and says whose it is not', () => {
    const { wrong, told } = network(
      [4, 6],
      ...cluster(1, { range: '10.46.0.0/16', door: [6], pods: { 4: 0 } }),
      ...cluster(2, { range: '10.42.0.0/16', model: 'flat', door: [RELAY] }),
      ...cluster(3, { range: '10.44.0.0/16', door: [2] }),
      linked(1, 1, 3),
      linked(2, 2, 3),
    );
    expect(wrong).toEqual([]);
    expect(told).toEqual(['4 6 10.44.0.0/16 2']);
  });
});

test('a relay that is ready for a door does not translate pods of another cluster for those of its own', () => {
  const { wrong, told } = network(
    [4, 6],
    ...cluster(1, { range: '10.42.0.0/16', virtual: '100.64.0.0/16', door: [4], pods: { 6: 3 } }),
    ...cluster(2, { range: '10.42.0.0/16', virtual: '100.66.0.0/16', door: [5, RELAY], pods: { 2: 3 } }),
    linked(1, 1, 2),
  );
  expect(wrong).toEqual([]);
  expect(told).toEqual([]);
});

test('a relay with pods of its own leads nobody to them who means another cluster with the same range', () => {
  const { wrong, told } = network(
    [3, 5],
    ...cluster(1, { range: '10.44.0.0/16', virtual: '100.66.0.0/16', door: [4], pods: { [RELAY]: 0 } }),
    ...cluster(2, { range: '10.44.0.0/16', door: [3] }),
    ...cluster(3, { range: '10.42.0.0/16', model: 'flat', pods: { 5: 0 } }),
    linked(1, 2, 3),
    linked(2, 1, 3),
  );
  expect(wrong).toEqual([]);
  expect(told).toEqual(['5 3 10.44.0.0/16 1']);
});

test('who is ready to serve takes no pods over a relay while the one who serves is gone', () => {
  const { wrong } = network(
    [3, 6],
    ...cluster(1, { range: '10.42.0.0/16', door: [2, 6], pods: { 3: 0 } }),
    ...cluster(2, { range: '10.44.0.0/16', model: 'flat', door: [RELAY] }),
    linked(1, 1, 2),
    { type: 'NodeDisabled', data: { nodeId: nodeId(2) } },
  );
  expect(wrong).toEqual([]);
});

const exit = (n: number, server: number, user: number) => [
  gatewayCreated(n, {
    kind: 'internet',
    members: [nodeId(server)],
    users: { nodes: [nodeId(user)], clients: [] },
  }),
  activated(n, nodeId(server)),
];

test('a user of an internet gateway that stands in a door does not reach pods there, by whatever address', () => {
  const clusters = [
    ...cluster(1, { range: '10.42.0.0/16', virtual: '100.64.0.0/16', door: [3], pods: { 3: 0 } }),
    ...cluster(2, { range: '10.42.0.0/16', virtual: '100.66.0.0/16', door: [4] }),
  ];
  const { wrong } = network([2], ...clusters, linked(1, 1, 2), ...exit(3, 3, 2));
  expect(wrong).toEqual([]);
});

test('a client reaches a service that a door publishes for a cluster with virtual ranges, and nothing else there', () => {
  const client: NetworkFact[] = [
    gatewayCreated(3, { kind: 'ingress', members: [nodeId(3)] }),
    activated(3, nodeId(3)),
    clientCreated(1, { gatewayId: gatewayId(3), addresses: ['10.90.5.1'], allowed: ['10.90.0.0/16'] }),
  ];
  const { wrong } = network(
    [],
    ...cluster(1, { range: '10.42.0.0/16', virtual: '100.64.0.0/16', door: [3], pods: { 3: 0 } }),
    ...cluster(2, { range: '10.42.0.0/16', virtual: '100.66.0.0/16', door: [4] }),
    linked(1, 1, 2),
    ...client,
    servicePublished(1, {
      service: { address: '10.42.0.10', port: 80 },
      mesh: { address: '10.90.7.7', port: 80 },
    }),
  );
  expect(wrong).toEqual([]);
});

test('a user of the internet behind a relay that uses another gateway goes out by itself, and it is said', () => {
  const { wrong, told } = network([2, 5], ...exit(1, 3, RELAY), ...exit(2, 5, 2));
  expect(wrong).toEqual([]);
  expect(told).toEqual(['2 5 0.0.0.0/0 3', '2 5 ::/0 3']);
});
