import type { PeerResource, Resource } from '#contracts/node-stream.js';
import { NetworkHistory, publicEndpoint, testId, testKey } from '../../../test/support/network-history.js';
import { checkGroup } from './check-group.js';
import { checkNode, isPeer } from './check-node.js';
import { checkPlan } from './check-plan.js';
import { planChange } from './plan-change.js';
import { planAll, planNode } from './plan-node.js';

/** ada and bob are peers, dot is disabled. */
function mesh() {
  const history = new NetworkHistory();
  const ada = history.join({ name: 'ada' });
  const bob = history.join({ name: 'bob', endpoints: [publicEndpoint('203.0.113.2')] });
  const dot = history.join({ name: 'dot' });
  history.append({ type: 'NodeDisabled', data: { nodeId: dot } });
  return { history, ada, bob, dot };
}

const bobOf = (resources: Resource[]): PeerResource => {
  const peer = resources.find(isPeer);
  if (!peer) throw new Error('ada has no peer');
  return peer;
};

type Spoil = (resources: Resource[], nodes: { ada: string; bob: string; dot: string }) => Resource[];
const spoilBob =
  (changes: Partial<PeerResource>): Spoil =>
  (resources) =>
    resources.map((resource) => (isPeer(resource) ? { ...resource, ...changes } : resource));

/** What is done to ada's set, what is found, and whom the message names. */
const violations: [string, Spoil, string, string[]][] = [
  ['a peer twice', (all) => [...all, bobOf(all)], 'duplicate_name', ['ada', 'peer/']],
  ['no interface', (all) => all.filter(({ name }) => name !== 'interface'), 'missing_interface', ['ada']],
  [
    'itself as a peer',
    (all, { ada }) => [...all, { ...bobOf(all), name: `peer/${ada}`, allowedIps: [] }],
    'self_peer',
    ['ada'],
  ],
  [
    'a removed node',
    (all) => [...all, { ...bobOf(all), name: `peer/${testId(99)}`, node: 'eve', allowedIps: [] }],
    'unknown_node',
    ['ada', 'eve', testId(99)],
  ],
  [
    'a disabled node',
    (all, { dot }) => [...all, { ...bobOf(all), name: `peer/${dot}`, allowedIps: [] }],
    'disabled_node',
    ['ada', 'dot'],
  ],
  ['too few peers', (all) => all.filter((resource) => !isPeer(resource)), 'missing_peer', ['ada', 'bob']],
  ['a key that was rotated away', spoilBob({ publicKey: testKey(99) }), 'wrong_key', ['ada', 'bob']],
  [
    "another's address",
    spoilBob({ allowedIps: ['10.90.0.2/32', '10.90.0.3/32'] }),
    'foreign_prefix',
    ['bob', 'dot', '10.90.0.3/32'],
  ],
  ["nobody's address", spoilBob({ allowedIps: ['10.90.7.7/32'] }), 'foreign_prefix', ['bob', 'nobody', '10.90.7.7/32']],
  [
    "the node's own address at a peer",
    spoilBob({ allowedIps: ['10.90.0.1/32'] }),
    'prefix_conflict',
    ['ada', 'bob', '10.90.0.1/32'],
  ],
  [
    'a range around an address',
    spoilBob({ allowedIps: ['10.90.0.0/24'] }),
    'prefix_conflict',
    ['ada', 'bob', '10.90.0.0/24'],
  ],
  [
    'an endpoint in the mesh',
    spoilBob({ endpoint: '10.90.0.2:51820' }),
    'endpoint_in_mesh',
    ['ada', 'bob', '10.90.0.0/16'],
  ],
  [
    'an IPv6 endpoint in the mesh',
    spoilBob({ endpoint: '[fd90::2]:51820' }),
    'endpoint_in_mesh',
    ['ada', 'bob', 'fd90::/64'],
  ],
  [
    "another's address on the interface",
    (all) => all.map((body) => (body.name === 'interface' ? { ...body, addresses: ['10.90.0.2/32'] } : body)),
    'foreign_prefix',
    ['ada', 'bob'],
  ],
];

describe('a whole plan', () => {
  test('as planned breaks nothing', () => {
    const { history } = mesh();
    expect(checkPlan(history.state, planAll(history.state))).toEqual([]);
  });

  test.each(violations)('with %s is refused, naming both', (_, spoil, code, names) => {
    const { history, ...nodes } = mesh();
    const plan = planAll(history.state);
    plan.set(nodes.ada, spoil(planNode(history.state, nodes.ada), nodes));

    const found = checkPlan(history.state, plan).find((violation) => violation.code === code);
    expect(found).toMatchObject({ code, nodeId: nodes.ada });
    for (const name of names) expect(found?.message).toContain(name);
  });

  test('that is spoilt is refused each time it is looked at', () => {
    const { history, ...nodes } = mesh();
    const spoilt = spoilBob({ publicKey: testKey(99) })(planNode(history.state, nodes.ada), nodes);

    const codes = () => checkNode(history.state, nodes.ada, spoilt).map(({ code }) => code);
    expect([codes(), codes()]).toEqual([['wrong_key'], ['wrong_key']]);
  });

  test('with peers where policy permits none is refused', () => {
    const { history } = mesh();
    const plan = planAll(history.state);
    history.append({ type: 'NetworkChanged', data: { changes: { defaultPolicy: 'deny' } } });

    expect(new Set(checkPlan(history.state, plan).map(({ code }) => code))).toEqual(new Set(['forbidden_peer']));
  });

  test('with a peering of one side is refused', () => {
    const { history, ada, bob } = mesh();
    const plan = planAll(history.state);
    plan.set(
      bob,
      planNode(history.state, bob).filter((resource) => !isPeer(resource)),
    );

    expect(checkPlan(history.state, plan).map(({ code, nodeId }) => [code, nodeId])).toEqual([
      ['missing_peer', bob],
      ['one_sided_peer', ada],
    ]);
  });

  test('that forgets a node or remembers a removed one is refused', () => {
    const { history, ada, bob } = mesh();
    const plan = planAll(history.state);
    plan.delete(ada);
    history.append({ type: 'NodeRemoved', data: { nodeId: bob, reason: 'left' } });

    expect(checkPlan(history.state, plan).map(({ code, nodeId }) => [code, nodeId])).toContainEqual([
      'missing_interface',
      ada,
    ]);
    expect(checkPlan(history.state, plan).map(({ code, nodeId }) => [code, nodeId])).toContainEqual([
      'unknown_node',
      bob,
    ]);
  });
});

describe('two nodes with one address', () => {
  function clash() {
    const { history, ada } = mesh();
    const eve = testId(50);
    const version = history.facts.length;
    const enrolled = history.facts.find((fact) => fact.type === 'NodeEnrolled' && fact.data.name === 'bob');
    if (enrolled?.type !== 'NodeEnrolled') throw new Error('bob never joined');
    const { addresses } = enrolled.data;
    history.append({
      type: 'NodeEnrolled',
      data: { ...enrolled.data, nodeId: eve, name: 'eve', publicKey: testKey(50), addresses },
    });
    return { history, ada, eve, version };
  }

  test('are found in the whole set of a third', () => {
    const { history, ada } = clash();

    const found = checkNode(history.state, ada, planNode(history.state, ada));
    expect(found.map(({ code }) => code)).toEqual(['prefix_conflict', 'prefix_conflict']);
    expect(found[0]?.message).toMatch(/at ada .*10\.90\.0\.2\/32 of bob .*10\.90\.0\.2\/32 of eve/);
  });

  test('are found in the change that would bring it about', () => {
    const { history, version } = clash();

    const [group] = planChange(history.stateAt(version), history.state, history.facts.slice(version)).groups;
    const found = group ? checkGroup(history.state, group) : [];
    expect(found.map(({ code }) => code)).toEqual(['prefix_conflict', 'prefix_conflict']);
    expect(found[0]?.message).toMatch(/10\.90\.0\.2 for eve .*bob .*has it/);
  });
});

describe('one change', () => {
  const group = (changes: Partial<Parameters<typeof checkGroup>[1]>) => ({
    nodeIds: [],
    upserts: [],
    removed: [],
    digestChange: 0n,
    ...changes,
  });

  test('for a removed node is refused', () => {
    const { history } = mesh();
    expect(checkGroup(history.state, group({ nodeIds: [testId(99)] }))).toMatchObject([
      { code: 'unknown_node', nodeId: testId(99) },
    ]);
  });

  test('that brings a removed, disabled or own peer, or a spoilt body, is refused at every recipient it is wrong for', () => {
    const { history, ada, bob, dot } = mesh();
    const peer = bobOf(planNode(history.state, ada));
    const codes = (upserts: Resource[], nodeIds = [ada]) =>
      checkGroup(history.state, group({ nodeIds, upserts })).map(({ code, nodeId }) => [code, nodeId]);

    expect(codes([peer])).toEqual([]);
    expect(codes([peer], [ada, bob, dot])).toEqual([
      ['self_peer', bob],
      ['disabled_node', dot],
    ]);
    expect(codes([{ ...peer, name: `peer/${testId(99)}`, allowedIps: [] }])).toEqual([['unknown_node', ada]]);
    expect(codes([{ ...peer, publicKey: testKey(99) }])).toEqual([['wrong_key', ada]]);
    expect(codes([{ ...peer, endpoint: '10.90.0.2:1' }])).toEqual([['endpoint_in_mesh', ada]]);
  });

  test('that takes away a permitted peer is refused, one that takes away a disabled one is not', () => {
    const { history, ada, bob, dot } = mesh();
    const codes = (id: string) =>
      checkGroup(history.state, group({ nodeIds: [ada], removed: [`peer/${id}`] })).map(({ code }) => code);

    expect(codes(bob)).toEqual(['missing_peer']);
    expect(codes(dot)).toEqual([]);
    expect(codes(testId(99))).toEqual([]);
  });
});
