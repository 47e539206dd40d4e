import { NetworkHistory, publicEndpoint } from '../support/network-history.js';
import { pathFailed, place, reachabilityDecided, relayAssigned, relaySet } from '../support/relay-facts.js';
import type { Spot } from './terrain.js';
import { unconnected } from './unconnected.js';

const SPOTS: Record<string, Spot> = { hub: 'open', gate: 'open', ada: 'steady', bob: 'changing' };
const spotOf = (name: string): Spot => SPOTS[name] ?? 'open';

let history: NetworkHistory;
let ids: Record<string, string>;
beforeEach(() => {
  history = new NetworkHistory();
  const endpoints = [publicEndpoint('203.0.113.1')];
  ids = Object.fromEntries(
    Object.entries(SPOTS).map(([name, spot]) => [name, history.join(spot === 'open' ? { name, endpoints } : { name })]),
  );
  history.append(reachabilityDecided(ids.bob!, place('endpoint-dependent', 2)));
});

test('who has no relay anywhere near is not missed', () => {
  expect(unconnected(history.state, spotOf)).toEqual([]);
});

test('a relay that nobody was given is', () => {
  history.append(relaySet(ids.hub!));
  expect(unconnected(history.state, spotOf)).toEqual(['ada (steady) and bob (changing)']);
  history.append(relayAssigned(ids.ada!, ids.hub!));
  expect(unconnected(history.state, spotOf)).toEqual([]);
});

test('a full relay is no way', () => {
  history.append(relaySet(ids.hub!, 1));
  history.append(relayAssigned(history.join({ name: 'other' }), ids.hub!));
  expect(unconnected(history.state, spotOf).filter((pair) => !pair.includes('other'))).toEqual([]);
});

test('two that can be called and have given each other up are', () => {
  const [a, b] = [ids.hub!, ids.gate!].sort() as [string, string];
  history.append(pathFailed(a, b, 'public'));
  expect(unconnected(history.state, spotOf)).toEqual(['hub (open) and gate (open)']);
});
