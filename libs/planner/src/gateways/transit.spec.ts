import type { NetworkFact } from '#contracts/facts.js';
import type { Resource } from '#contracts/node-stream.js';
import { networkFold } from '#topology/network-fold.js';
import {
  activated,
  assigned,
  clientCreated,
  clusterDeclared,
  clusterId,
  gatewayCreated,
  linked,
} from '../../../../test/support/gateway-facts.js';
import { given } from '../../../../test/support/given.js';
import { networkCreated, nodeEnrolled, nodeId } from '../../../../test/support/network-facts.js';
import { publicEndpoint } from '../../../../test/support/network-history.js';
import { place, reachabilityDecided, relayAssigned, relaySet } from '../../../../test/support/relay-facts.js';
import { checkPlan } from '../check-plan.js';
import { isLive } from '../members.js';
import { planAll, planNode } from '../plan-node.js';
import { landscapeOf } from './landscape.js';
import { transitOf } from './transit.js';

const RELAY = 1;
const RELAY_ADDRESS = '203.0.113.1';

/** Node 1 is a relay; nodes 2 to 5 are behind NATs that nobody gets through, and behind that relay. */
function network(...facts: NetworkFact[]) {
  const nodes = [1, 2, 3, 4, 5].map((n) =>
    nodeEnrolled(n, {
      addresses: [`10.90.0.${n}`],
      endpoints: n === RELAY ? [publicEndpoint(RELAY_ADDRESS)] : [],
    }),
  );
  const behind = [2, 3, 4, 5].flatMap((n) => [
    reachabilityDecided(nodeId(n), place('endpoint-dependent', n)),
    relayAssigned(nodeId(n), nodeId(RELAY)),
  ]);
  const { state } = given(networkFold, [
    networkCreated({ cidr6: null }),
    ...nodes,
    relaySet(nodeId(RELAY)),
    ...behind,
    ...facts,
  ]);
  if (!isLive(state)) throw new Error('no network');
  expect(checkPlan(state, planAll(state))).toEqual([]);
  return {
    set: (n: number) => planNode(state, nodeId(n)),
    /** Node number → ranges behind it, as node `n` has them. */
    behind: (n: number) =>
      Object.fromEntries(
        [1, 2, 3, 4, 5]
          .map((other): [number, string[]] => [other, ranges(planNode(state, nodeId(n)), nodeId(other))])
          .filter(([, found]) => found.length > 0),
      ),
    unrelayed: transitOf(landscapeOf(state)).unrelayed,
  };
}

const ranges = (set: Resource[], id: string) =>
  set
    .flatMap((body) => ('allowedIps' in body && body.name === `peer/${id}` ? body.allowedIps : []))
    .filter((prefix) => !prefix.endsWith('/32'));
const named = (set: Resource[], kind: string) => set.filter(({ name }) => name.startsWith(kind));
const names = (set: Resource[], kind: string) => named(set, kind).map(({ name }) => name);

const SITE = { members: [nodeId(2)], ranges: ['192.168.1.0/24'] };

test('what is behind a relayed egress gateway leads there over the relay, whatever routes that has', () => {
  const { set, behind } = network(gatewayCreated(1, SITE), activated(1, nodeId(2)));
  expect(behind(3)).toEqual({ 2: ['192.168.1.0/24'] });
  expect(set(3).find(({ name }) => name === `peer/${nodeId(2)}`)).toMatchObject({ via: nodeId(RELAY) });
  expect(behind(RELAY)).toEqual({ 2: ['192.168.1.0/24'] });
  expect(named(set(RELAY), 'transit')).toEqual([{ name: 'transit/ranges', destinations: ['192.168.1.0/24'] }]);
  expect(set(RELAY)).toContainEqual({
    name: 'filter/relay',
    verdict: 'accept',
    sources: ['10.90.0.0/16', '192.168.1.0/24'],
    destinations: ['10.90.0.0/16', '192.168.1.0/24'],
    way: 'through',
  });
});

test('a relay that stands by in a gateway sends on to the member that serves, and does not route there itself', () => {
  const { set, behind } = network(
    gatewayCreated(1, { ...SITE, members: [nodeId(2), nodeId(RELAY)] }),
    activated(1, nodeId(2)),
  );
  expect(behind(RELAY)).toEqual({ 2: ['192.168.1.0/24'] });
  expect(names(set(RELAY), 'transit')).toEqual(['transit/ranges']);
  expect(names(set(RELAY), 'route')).toEqual(['route/10.90.0.0/16']);
});

test('a relay leaves to itself what is narrower and with itself', () => {
  const { set } = network(
    gatewayCreated(1, { members: [nodeId(2)], ranges: ['192.168.0.0/23'] }),
    gatewayCreated(2, { members: [nodeId(RELAY)], ranges: ['192.168.1.0/24'] }),
    activated(1, nodeId(2)),
    activated(2, nodeId(RELAY)),
  );
  expect(named(set(RELAY), 'transit')).toEqual([{ name: 'transit/ranges', destinations: ['192.168.0.0/24'] }]);
});

test('a range in which the relay is called does not lead through it', () => {
  const { behind } = network(
    gatewayCreated(1, { members: [nodeId(2)], ranges: ['203.0.113.0/24', '192.168.1.0/24'] }),
    activated(1, nodeId(2)),
  );
  expect(behind(3)).toEqual({ 2: ['192.168.1.0/24'] });
});

test('nor do flat pods in whose range it is called', () => {
  const { set, behind } = network(clusterDeclared(1, { model: 'flat', pods: ['203.0.113.0/24', '10.42.0.0/16'] }), {
    type: 'ClusterMemberSet',
    data: { clusterId: clusterId(1), nodeId: nodeId(2), pods: ['10.42.2.0/24', '203.0.113.0/25'] },
  });
  expect(behind(3)).toEqual({ 2: ['10.42.2.0/24'] });
  expect(names(set(3), 'route')).toEqual(['route/10.42.2.0/24', 'route/10.90.0.0/16']);
});

describe('internet gateways behind a relay', () => {
  const exit = (n: number, server: number, users: number[]) => [
    gatewayCreated(n, {
      kind: 'internet',
      members: [nodeId(server)],
      users: { nodes: users.map(nodeId), clients: [] },
    }),
    activated(n, nodeId(server)),
  ];

  test('get everything of their users, and nothing of the relay itself', () => {
    const { set, behind, unrelayed } = network(...exit(1, 2, [3]));
    expect(behind(3)).toEqual({ 2: ['0.0.0.0/0', '::/0'] });
    expect(behind(RELAY)).toEqual({ 2: ['0.0.0.0/0', '::/0'] });
    expect(names(set(RELAY), 'internet')).toEqual([]);
    expect(named(set(RELAY), 'transit')).toMatchObject([{ name: 'transit/internet', sources: ['10.90.0.3/32'] }]);
    expect(set(RELAY)).toContainEqual(
      expect.objectContaining({ name: 'filter/relay/internet', sources: ['10.90.0.3/32'], way: 'through' }),
    );
    expect(unrelayed).toEqual([]);
  });

  test('are one for each relay: who would use another is planned without, and it is said', () => {
    const { set, behind, unrelayed } = network(...exit(1, 2, [3]), ...exit(2, 4, [5]));
    expect(behind(3)).toEqual({ 2: ['0.0.0.0/0', '::/0'] });
    expect(behind(5)).toEqual({});
    expect(names(set(5), 'internet')).toEqual([]);
    const everything = ['0.0.0.0/0', '::/0'].map((prefix) => ({
      relayId: nodeId(RELAY),
      from: nodeId(5),
      to: nodeId(4),
      prefix,
      because: 'taken',
      by: nodeId(2),
    }));
    expect(unrelayed).toEqual(everything);
  });

  test('come after the one that the relay uses itself', () => {
    const { behind, unrelayed } = network(...exit(1, 2, [3]), ...exit(2, 4, [RELAY]));
    expect(behind(RELAY)).toEqual({ 4: ['0.0.0.0/0', '::/0'] });
    expect(behind(3)).toEqual({});
    expect(unrelayed).toMatchObject([
      { from: nodeId(3), by: nodeId(4) },
      { from: nodeId(3), by: nodeId(4) },
    ]);
  });
});

describe('linked clusters with the same ranges, whose doors are behind one relay', () => {
  const LINKED = [
    clusterDeclared(1, { services: [] }),
    clusterDeclared(2, { services: [] }),
    gatewayCreated(1, { kind: 'cluster', clusterId: clusterId(1), masquerade: false, members: [nodeId(2)] }),
    gatewayCreated(2, { kind: 'cluster', clusterId: clusterId(2), masquerade: false, members: [nodeId(3)] }),
    activated(1, nodeId(2)),
    activated(2, nodeId(3)),
    assigned(1, '10.42.0.0/16', '100.64.0.0/16'),
    assigned(2, '10.42.0.0/16', '100.65.0.0/16'),
    linked(1, 1, 2),
  ];
  const member = (n: number): NetworkFact => ({
    type: 'ClusterMemberSet',
    data: { clusterId: clusterId(1), nodeId: nodeId(n), pods: [`10.42.${n}.0/24`] },
  });

  test('are sent to their doors, by virtual addresses', () => {
    const { set, behind, unrelayed } = network(...LINKED);
    expect(behind(RELAY)).toEqual({ 2: ['100.64.0.0/16'], 3: ['100.65.0.0/16'] });
    expect(named(set(RELAY), 'transit')).toEqual([
      { name: 'transit/ranges', destinations: ['100.64.0.0/16', '100.65.0.0/16'] },
    ]);
    expect(names(set(RELAY), 'route')).toEqual(['route/10.90.0.0/16']);
    expect(unrelayed).toEqual([]);
  });

  test('of what a member behind the same relay would send through its own door is said that it cannot', () => {
    const { behind, unrelayed } = network(...LINKED, member(4));
    expect(behind(RELAY)).toEqual({ 2: ['100.64.0.0/16'], 3: ['100.65.0.0/16'], 4: ['10.42.4.0/24'] });
    expect(behind(4)).toEqual({});
    expect(unrelayed).toEqual([
      {
        relayId: nodeId(RELAY),
        from: nodeId(4),
        to: nodeId(2),
        prefix: '100.65.0.0/16',
        because: 'taken',
        by: nodeId(3),
      },
    ]);
  });
});

test('clients of a relay are let on by their own filters only, and nobody comes to them past those', () => {
  const { set } = network(
    gatewayCreated(1, { kind: 'ingress', members: [nodeId(RELAY)] }),
    activated(1, nodeId(RELAY)),
    clientCreated(1, { addresses: ['10.90.5.1'], allowed: ['10.90.0.2/32'] }),
  );
  const [relay] = named(set(RELAY), 'filter/relay') as { destinations: string[] }[];
  expect(relay?.destinations).toContain('10.90.5.0/32');
  expect(relay?.destinations).not.toContain('10.90.0.0/16');
  expect(names(set(RELAY), 'filter')).toContainEqual(expect.stringMatching(/\/else$/));
});
