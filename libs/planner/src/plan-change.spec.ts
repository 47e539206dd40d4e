import type { NetworkFact } from '#contracts/facts.js';
import { lanEndpoint, NetworkHistory, publicEndpoint, testId } from '../../../test/support/network-history.js';
import { pathFailed, place, reachabilityDecided, relayAssigned, relaySet } from '../../../test/support/relay-facts.js';
import { planChange } from './plan-change.js';

/** What the facts since a version change. */
function changeSince(history: NetworkHistory, version: number) {
  const change = planChange(history.stateAt(version), history.state, history.facts.slice(version));
  return { ...change, groups: [...change.groups] };
}

function meshOf(count: number): { history: NetworkHistory; nodes: string[]; version: number } {
  const history = new NetworkHistory();
  const nodes = Array.from({ length: count }, (_, i) =>
    history.join({ name: `node-${i}`, site: i < 2 ? 'berlin' : null }),
  );
  return { history, nodes, version: history.facts.length };
}

const NOTHING = { added: [], removedNodes: [], groups: [] };

describe('one fact', () => {
  test('a join is one group of all others, whatever their number, and the new node apart', () => {
    const { history, nodes, version } = meshOf(200);
    const late = history.join();

    const change = changeSince(history, version);
    expect(change).toMatchObject({ added: [late], removedNodes: [] });
    expect(change.groups).toEqual([
      expect.objectContaining({
        nodeIds: nodes,
        upserts: [expect.objectContaining({ name: `peer/${late}` })],
        removed: [],
      }),
    ]);
  });

  test('those in the site of a new node are a group of their own when they call it at its LAN endpoint', () => {
    const { history, nodes, version } = meshOf(5);
    history.join({ site: 'berlin', endpoints: [publicEndpoint('203.0.113.9'), lanEndpoint('192.168.1.9')] });

    const { groups } = changeSince(history, version);
    expect(
      groups.map(({ nodeIds, upserts }) => [nodeIds, upserts.map((body) => 'endpoint' in body && body.endpoint)]),
    ).toEqual([
      [nodes.slice(0, 2), ['192.168.1.9:51820']],
      [nodes.slice(2), ['203.0.113.9:51820']],
    ]);
  });

  test('that ends a failed pair reaches both whom the pair kept apart from the relay and those behind that', () => {
    const history = new NetworkHistory();
    const relay = history.join({ endpoints: [publicEndpoint('203.0.113.1')] });
    const [behind, cut] = [history.join(), history.join()];
    for (const fact of [relaySet(relay), relayAssigned(behind, relay), pathFailed(relay, cut, 'lan')])
      history.append(fact);
    const version = history.facts.length;
    history.append(reachabilityDecided(relay, place('public')));

    const told = changeSince(history, version).groups.map(({ nodeIds, upserts }) => [nodeIds, upserts]);
    expect(told).toEqual([
      [[behind], [expect.objectContaining({ name: `peer/${cut}`, via: relay })]],
      [[cut], [expect.objectContaining({ name: `peer/${behind}`, via: relay })]],
    ]);
  });

  test('that unsets a relay nobody can use lets others call those behind it again', () => {
    const history = new NetworkHistory();
    const [relay, behind] = [history.join(), history.join({ endpoints: [lanEndpoint('192.168.1.1')] })];
    const open = history.join({ endpoints: [publicEndpoint('203.0.113.1')] });
    for (const fact of [relaySet(relay), relayAssigned(behind, relay)]) history.append(fact);
    const version = history.facts.length;
    history.append({ type: 'RelayUnset', data: { nodeId: relay } });

    expect(changeSince(history, version).groups).toContainEqual(
      expect.objectContaining({
        nodeIds: [open],
        upserts: [expect.objectContaining({ name: `peer/${behind}`, endpoint: '192.168.1.1:51820' })],
      }),
    );
  });

  test('the same message over different bodies is two groups: they end at different digests', () => {
    const { history, nodes } = meshOf(5);
    const late = history.join({
      site: 'berlin',
      endpoints: [publicEndpoint('203.0.113.9'), lanEndpoint('192.168.1.9')],
    });
    const version = history.facts.length;
    history.append({ type: 'NodeRemoved', data: { nodeId: late, reason: 'left' } });

    const { groups, removedNodes } = changeSince(history, version);
    expect(removedNodes).toEqual([late]);
    expect(groups.map(({ nodeIds, removed }) => [nodeIds, removed])).toEqual([
      [nodes.slice(0, 2), [`peer/${late}`]],
      [nodes.slice(2), [`peer/${late}`]],
    ]);
  });

  test('a disabled node loses its peers and routes, the others lose it', () => {
    const { history, nodes, version } = meshOf(3);
    const [ada = '', bob = '', cy = ''] = nodes;
    history.append({ type: 'NodeDisabled', data: { nodeId: bob } });

    const { groups } = changeSince(history, version);
    expect(groups.map(({ nodeIds, upserts, removed }) => ({ nodeIds, upserts, removed }))).toEqual([
      { nodeIds: [ada, cy].sort(), upserts: [], removed: [`peer/${bob}`] },
      {
        nodeIds: [bob],
        upserts: [],
        removed: [`peer/${ada}`, `peer/${cy}`, 'route/10.90.0.0/16', 'route/fd90::/64'].sort(),
      },
    ]);
  });

  test('a rename reaches the node itself and its peers', () => {
    const { history, nodes, version } = meshOf(3);
    const [ada = '', ...others] = nodes;
    history.append({ type: 'NodeChanged', data: { nodeId: ada, changes: { name: 'queen' } } });

    const { groups } = changeSince(history, version);
    expect(groups.map(({ nodeIds, upserts }) => [nodeIds, upserts.map(({ name }) => name)])).toEqual([
      [[ada], ['interface']],
      [others, [`peer/${ada}`]],
    ]);
  });

  test('another MTU changes every interface and no peer', () => {
    const { history, nodes, version } = meshOf(3);
    history.append({ type: 'NetworkChanged', data: { changes: { mtu: 1280 } } });

    const { groups } = changeSince(history, version);
    expect(groups.map(({ nodeIds, upserts }) => [nodeIds, upserts])).toEqual(
      nodes.map((id) => [[id], [expect.objectContaining({ name: 'interface', mtu: 1280 })]]),
    );
  });

  const noOps: [string, (nodeId: string) => NetworkFact][] = [
    ['a label', (nodeId) => ({ type: 'NodeChanged', data: { nodeId, changes: { labels: { role: 'db' } } } })],
    ['the same name', (nodeId) => ({ type: 'NodeChanged', data: { nodeId, changes: { name: 'node-0' } } })],
    ['a site nobody has', (nodeId) => ({ type: 'NodeChanged', data: { nodeId, changes: { site: 'oslo' } } })],
    [
      'an endpoint inside the mesh',
      (nodeId) => ({ type: 'NodeChanged', data: { nodeId, changes: { endpoints: [publicEndpoint('10.90.9.9')] } } }),
    ],
    ['enabling the enabled', (nodeId) => ({ type: 'NodeEnabled', data: { nodeId } })],
    ['allow where allow is', () => ({ type: 'NetworkChanged', data: { changes: { defaultPolicy: 'allow' } } })],
    ['a key revoked', () => ({ type: 'EnrolmentKeyRevoked', data: { keyId: testId(1) } })],
    ['the removal of a stranger', () => ({ type: 'NodeRemoved', data: { nodeId: testId(77), reason: 'operator' } })],
  ];
  test.each(noOps)('%s touches nobody', (_, fact) => {
    const { history, nodes, version } = meshOf(4);
    history.append(fact(nodes[0] ?? ''));

    expect(changeSince(history, version)).toEqual(NOTHING);
  });
});

describe('several facts', () => {
  test('are one change: who came and went in between leaves no trace', () => {
    const { history, version } = meshOf(4);
    const visitor = history.join();
    history.append({ type: 'NodeRemoved', data: { nodeId: visitor, reason: 'left' } });

    expect(changeSince(history, version)).toEqual(NOTHING);
  });

  test('joins and removals reach everybody in one group', () => {
    const { history, nodes, version } = meshOf(4);
    const [gone = '', ...stay] = nodes;
    const late = [history.join(), history.join()];
    history.append({ type: 'NodeRemoved', data: { nodeId: gone, reason: 'left' } });

    const change = changeSince(history, version);
    expect(change).toMatchObject({ added: late, removedNodes: [gone] });
    expect(
      change.groups.map(({ nodeIds, upserts, removed }) => [nodeIds, upserts.map(({ name }) => name), removed]),
    ).toEqual([[stay, late.map((id) => `peer/${id}`), [`peer/${gone}`]]]);
  });

  test('that are missing are an error: an overlooked removal would leave a peer behind', () => {
    const { history, nodes, version } = meshOf(2);
    history.append({ type: 'NodeRemoved', data: { nodeId: nodes[0] ?? '', reason: 'left' } });

    expect(() => planChange(history.stateAt(version), history.state, [])).toThrow(/0 facts for versions 3 to 4/);
  });
});

test('groups can be iterated again and give the same', () => {
  const { history, version } = meshOf(3);
  history.append({ type: 'NetworkChanged', data: { changes: { defaultPolicy: 'deny' } } });
  const { groups } = planChange(history.stateAt(version), history.state, history.facts.slice(version));

  expect([...groups]).toHaveLength(3);
  expect([...groups]).toEqual([...groups]);
});
