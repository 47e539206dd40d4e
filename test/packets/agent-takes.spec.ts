import fc from 'fast-check';
import { planAll } from '#planner/plan-node.js';
import { checkSet } from '#wireguard/core/check-set.js';
import { holds } from '../support/property.js';
import { relayedTopologies, topologies } from './random-topology.js';

test('what is planned for a node is a set that its agent takes', () => {
  const kinds = new Set<string>();
  holds(fc.oneof(topologies(), relayedTopologies()), 400, ({ state }) => {
    for (const [nodeId, resources] of planAll(state)) {
      for (const { name } of resources) kinds.add(name.split('/')[0] ?? '');
      const problems = checkSet(resources, state.nodes.get(nodeId)?.publicKey ?? '');
      if (problems.length > 0) throw new Error(JSON.stringify(problems.slice(0, 3)));
    }
  });
  expect([...kinds].sort()).toEqual(['filter', 'interface', 'internet', 'nat', 'peer', 'probe', 'route', 'transit']);
});
