import type { NodeSet } from '#contracts/node-fold.js';
import { digestOf, type PeerResource, type Resource } from '#contracts/node-stream.js';
import { planNode } from '#planner/plan-node.js';
import { NetworkHistory, publicEndpoint } from '../support/network-history.js';
import { relayAssigned, relaySet } from '../support/relay-facts.js';
import { HeldSets } from './held-sets.js';

/** Two that nobody can call, behind one relay. */
let history: NetworkHistory;
let [relay, ada, bob] = ['', '', ''];
beforeEach(() => {
  history = new NetworkHistory();
  relay = history.join({ name: 'relay', endpoints: [publicEndpoint('203.0.113.1')] });
  [ada, bob] = [history.join({ name: 'ada' }), history.join({ name: 'bob' })];
  for (const fact of [relaySet(relay), relayAssigned(ada, relay), relayAssigned(bob, relay)]) history.append(fact);
});

/** What a node holds by the newest version; `change` is what went wrong, which the digest does not tell. */
function set(nodeId: string, change: (resource: Resource) => Resource | undefined = (resource) => resource): NodeSet {
  const planned = planNode(history.state, nodeId);
  const held = planned.flatMap((resource) => change(resource) ?? []);
  const resources = new Map(held.map((resource) => [resource.name as string, resource]));
  return { epoch: 1, revision: 1, logVersion: history.facts.length, digest: digestOf(planned), resources };
}

function folded(...sets: [string, NodeSet][]): string[] {
  const held = new HeldSets(history);
  return sets.flatMap(([nodeId, set]) => held.fold(nodeId, set));
}

test('what is planned is sound', () => {
  expect(folded([relay, set(relay)], [ada, set(ada)], [bob, set(bob)])).toEqual([]);
});

test('a relay that does not forward leaves a gap', () => {
  const deaf = set(
    relay,
    (resource) => (resource.name === 'interface' ? { ...resource, forward: undefined } : resource) as Resource,
  );
  const problems = folded([relay, deaf], [ada, set(ada)], [bob, set(bob)]);
  expect(problems.join('\n')).toContain(`${bob} gets to ${ada} by , not by ${relay},${ada}`);
});

test('one who goes past the relay leaves a gap', () => {
  const astray = set(ada, (resource) =>
    resource.name === `peer/${bob}` ? { ...(resource as PeerResource), via: undefined } : resource,
  );
  expect(folded([relay, set(relay)], [bob, set(bob)], [ada, astray]).join('\n')).toMatch(/not by/);
});

test('a prefix of two peers is a breach', () => {
  const greedy = set(ada, (resource) =>
    resource.name === `peer/${relay}`
      ? { ...(resource as PeerResource), allowedIps: [...(resource as PeerResource).allowedIps, '10.90.0.3/32'] }
      : resource,
  );
  expect(folded([ada, greedy]).join('\n')).toMatch(/10\.90\.0\.3\/32/);
});

test('who takes what its own version forbids is told, also when the sender was removed', () => {
  const [fromAda, toBob] = [set(ada), set(bob)];
  const atRelay = set(relay);
  history.append({ type: 'NodeRemoved', data: { nodeId: ada, reason: 'operator' } });
  const stale = { ...toBob, logVersion: history.facts.length };
  expect(folded([relay, atRelay], [ada, fromAda], [bob, toBob])).toEqual([]);
  const told = folded([relay, atRelay], [ada, fromAda], [bob, stale]).join('\n');
  expect(told).toContain(
    `arrives at ${bob} by way of ${relay},${bob}, which version ${history.facts.length} does not permit`,
  );
});
