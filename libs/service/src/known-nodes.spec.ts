import type { NetworkFact } from '#contracts/facts.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { fact } from '../../../test/support/given.js';
import { controlKey, networkCreated, nodeEnrolled, nodeId, nodeRemoved } from '../../../test/support/network-facts.js';
import { FollowedNodes } from './known-nodes.js';
import type { NetworkChange } from './network-follower.js';

const states = new Map<string, NetworkState>();
const listeners = new Set<(change: NetworkChange) => void>();
const nodes = new FollowedNodes({
  states,
  onChange: (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
});

function happens(network: string, ...happened: NetworkFact[]): void {
  const facts = happened.map((each) => fact(each)) as NetworkChange['facts'];
  const state = facts.reduce(networkFold.evolve, states.get(network) ?? networkFold.initialState);
  states.set(network, state);
  for (const listener of listeners) listener({ network, state, facts });
}

test('knows the keys of the nodes of all networks, and who came; forgets who left', () => {
  let added = 0;
  const off = nodes.onAdded(() => (added += 1));
  happens('a', networkCreated(), nodeEnrolled(1));
  happens('b', networkCreated(), nodeEnrolled(2));
  expect([1, 2, 3].map((n) => nodes.controlKeyOf(nodeId(n)))).toEqual([controlKey(1), controlKey(2), undefined]);
  expect(added).toBe(2);
  happens('b', nodeEnrolled(3));
  happens('a', nodeRemoved(1));
  expect(added).toBe(3);
  expect([1, 2, 3].map((n) => nodes.controlKeyOf(nodeId(n)))).toEqual([undefined, controlKey(2), controlKey(3)]);
  off();
  happens('a', nodeEnrolled(4));
  expect(added).toBe(3);
});
