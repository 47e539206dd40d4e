import type { NetworkState } from '#topology/network-state.js';
import { lanEndpoint, NetworkHistory, publicEndpoint, testId, testKey } from '../../../test/support/network-history.js';
import { planAll, planNode } from './plan-node.js';

test('a set is the interface, a peer per permitted node and a route per range, by name', () => {
  const history = new NetworkHistory();
  const bob = history.join({ nodeId: testId(9), name: 'bob', endpoints: [publicEndpoint('2001:db8::9', 4500)] });
  const ada = history.join({ nodeId: testId(1), name: 'ada' });
  const cy = history.join({ nodeId: testId(5), name: 'cy', endpoints: [publicEndpoint('203.0.113.5')] });

  expect(planNode(history.state, ada)).toEqual([
    {
      name: 'interface',
      network: 'mesh',
      node: 'ada',
      addresses: ['10.90.0.2/32', 'fd90::2/128'],
      mtu: 1420,
      keepalive: 25,
    },
    {
      name: `peer/${cy}`,
      node: 'cy',
      publicKey: testKey(3),
      allowedIps: ['10.90.0.3/32', 'fd90::3/128'],
      endpoint: '203.0.113.5:51820',
    },
    {
      name: `peer/${bob}`,
      node: 'bob',
      publicKey: testKey(1),
      allowedIps: ['10.90.0.1/32', 'fd90::1/128'],
      endpoint: '[2001:db8::9]:4500',
    },
    { name: 'route/10.90.0.0/16', cidr: '10.90.0.0/16' },
    { name: 'route/fd90::/64', cidr: 'fd90::/64' },
  ]);
});

test('allowed IPs are sorted as text, also where IPv6 comes first', () => {
  const history = new NetworkHistory({ cidr6: '2001:db8:90::/64', cidr: '90.0.0.0/16' });
  const ada = history.join();
  const bob = history.join();

  expect(planNode(history.state, ada)).toContainEqual(
    expect.objectContaining({ name: `peer/${bob}`, allowedIps: ['2001:db8:90::2/128', '90.0.0.2/32'] }),
  );
});

test.each([
  ['25 s without an endpoint', [], 25, 25],
  ['25 s with a LAN endpoint only', [lanEndpoint('192.168.1.1')], 25, 25],
  ['25 s with a public endpoint inside the mesh: nobody can call it', [publicEndpoint('10.90.9.9')], 25, 25],
  ['none with a public endpoint', [publicEndpoint('203.0.113.1')], 25, null],
  ['none when the network sets none', [], 0, null],
])('keepalive: %s', (_, endpoints, keepalive, expected) => {
  const history = new NetworkHistory({ keepalive });
  const ada = history.join({ endpoints });

  expect(planNode(history.state, ada)[0]).toMatchObject({ name: 'interface', keepalive: expected });
});

test('an endpoint inside the mesh is never used, the next one is', () => {
  const history = new NetworkHistory();
  const ada = history.join();
  const bob = history.join({ endpoints: [publicEndpoint('10.90.0.77'), publicEndpoint('2001:db8::2')] });

  expect(planNode(history.state, ada)).toContainEqual(
    expect.objectContaining({ name: `peer/${bob}`, endpoint: '[2001:db8::2]:51820' }),
  );
});

test('what was worked out for a node counts only for the ranges it was worked out for', () => {
  const history = new NetworkHistory();
  const ada = history.join();
  history.join({ endpoints: [publicEndpoint('203.0.113.2')] });
  const { state } = history;
  const network = state.network && { ...state.network, cidr: '203.0.113.0/24' };

  const endpoints = (of: NetworkState) =>
    planNode(of, ada).flatMap((body) => ('endpoint' in body ? [body.endpoint] : []));
  expect(endpoints(state)).toEqual(['203.0.113.2:51820']);
  expect(endpoints({ ...state, network })).toEqual([null]);
});

test('a disabled node keeps its interface and nothing else, and appears nowhere', () => {
  const history = new NetworkHistory();
  const ada = history.join({ name: 'ada' });
  const bob = history.join();
  const cy = history.join();
  history.append({ type: 'NodeDisabled', data: { nodeId: ada } });

  const plan = planAll(history.state);
  const names = (nodeId: string) => plan.get(nodeId)?.map(({ name }) => name);
  expect(names(ada)).toEqual(['interface']);
  expect(names(bob)).toEqual(['interface', `peer/${cy}`, 'route/10.90.0.0/16', 'route/fd90::/64']);
});

test('under deny there are interfaces and routes, but no peers', () => {
  const history = new NetworkHistory({ defaultPolicy: 'deny', cidr6: null });
  const ada = history.join();
  history.join();

  expect(planNode(history.state, ada).map(({ name }) => name)).toEqual(['interface', 'route/10.90.0.0/16']);
});

test('whoever is not in the network has an empty set', () => {
  const history = new NetworkHistory();
  const ada = history.join();
  history.append({ type: 'NodeRemoved', data: { nodeId: ada, reason: 'left' } });

  expect(planNode(history.state, ada)).toEqual([]);
  expect(planAll(history.stateAt(0))).toEqual(new Map());
});

test('everybody who sees a node alike holds the very same body, so it is hashed and serialised once', () => {
  const history = new NetworkHistory();
  const ada = history.join();
  const bob = history.join();
  const cy = history.join();

  const seenBy = (nodeId: string) => planNode(history.state, nodeId).find(({ name }) => name === `peer/${cy}`);
  expect(seenBy(ada)).toBeDefined();
  expect(seenBy(ada)).toBe(seenBy(bob));
});
