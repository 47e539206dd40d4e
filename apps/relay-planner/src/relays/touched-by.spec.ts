import { expect, jest, test } from '@jest/globals';
import type { NetworkFact, RecordedFact } from '#contracts/facts.js';
import { lanEndpoint, NetworkHistory, publicEndpoint } from '../../../../test/support/network-history.js';
import { pathFailed, relayAssigned, relaySet } from '../../../../test/support/relay-facts.js';
import { touchedBy } from './touched-by.js';

/** A relay with a node behind it, and others that wait. */
function given(others = 2) {
  const history = new NetworkHistory({});
  const relay = history.join({ endpoints: [publicEndpoint('203.0.113.1')] });
  const [served = '', ...waiting] = Array.from({ length: others + 1 }, (_, n) =>
    history.join({ endpoints: [lanEndpoint(`192.168.1.${n + 1}`)] }),
  );
  history.append(relaySet(relay));
  history.append(relayAssigned(served, relay));
  const touched = (...facts: NetworkFact[]) => {
    for (const one of facts) history.append(one);
    return touchedBy(history.state, history.facts.slice(-facts.length) as RecordedFact<NetworkFact>[]);
  };
  return { history, relay, served, waiting, touched };
}

test('a pair whose path failed is two nodes', () => {
  const { relay, served, touched } = given();
  expect(touched(pathFailed(served, relay, 'public'))).toEqual([served, relay]);
});

test('a relay that changes is itself, those behind it, and those that wait', () => {
  const { relay, served, waiting, touched } = given();
  expect(touched({ type: 'NodeDisabled', data: { nodeId: relay } }).sort()).toEqual([relay, served, ...waiting].sort());
});

test('all nodes are looked at once for many assignments, and not at all for facts of others', () => {
  const { history, relay, waiting, touched } = given(200);
  const looks = jest.spyOn(Object.getPrototypeOf(history.state.nodes) as typeof history.state.nodes, 'values');
  touched({ type: 'NodeDisabled', data: { nodeId: waiting[0] ?? '' } });
  expect(looks).not.toHaveBeenCalled();
  expect(touched(...waiting.slice(1).map((nodeId) => relayAssigned(nodeId, relay)))).toEqual([]);
  expect(looks.mock.calls.length).toBe(1);
  looks.mockRestore();
});
