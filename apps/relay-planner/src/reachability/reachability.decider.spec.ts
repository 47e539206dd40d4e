import { describe, test } from '@jest/globals';
import type { AnyFact } from '#contracts/facts.js';
import type { Reachability } from '#contracts/relay-facts.js';
import { networkFold } from '#topology/network-fold.js';
import { publicEndpoint } from '../../../../test/support/network-history.js';
import { networkCreated, nodeEnrolled, nodeId } from '../../../../test/support/network-facts.js';
import { given, meta } from '../../../../test/support/given.js';
import { pathFailed, pathProven, pathTried, place, reachabilityDecided } from '../../../../test/support/relay-facts.js';
import { decideReachability } from './reachability.decider.js';

const [a, b, c, open] = [1, 2, 3, 4].map(nodeId) as [string, string, string, string];
const NODES: AnyFact[] = [
  networkCreated(),
  ...[1, 2, 3].map((n) => nodeEnrolled(n)),
  nodeEnrolled(4, { endpoints: [publicEndpoint('203.0.113.4')] }),
];
const network = (...facts: AnyFact[]) => given(networkFold, [...NODES, ...facts]);
const decide = (node: string, reachability: Reachability) => ({ ...meta(), nodeId: node, reachability, observers: [] });
const CONE = place('endpoint-independent');
const OPEN = place('endpoint-independent', 1, { filtering: 'open' });

describe('how a node is reached', () => {
  test('is a fact once', () => {
    network().when(decideReachability, decide(a, CONE)).thenFacts(reachabilityDecided(a, CONE));
    network(reachabilityDecided(a, CONE)).when(decideReachability, decide(a, CONE)).thenNothing();
  });

  test('is none where it follows from what the node offers', () => {
    network()
      .when(decideReachability, decide(open, place('public')))
      .thenNothing();
    network()
      .when(decideReachability, decide(a, place('unknown', 1, { endpoints: [], addresses: [] })))
      .thenNothing();
  });

  test('is one where it contradicts that', () => {
    const closed = place('endpoint-independent', 1, { filtering: 'restricted' });
    network().when(decideReachability, decide(open, closed)).thenFacts(reachabilityDecided(open, closed));
    network(reachabilityDecided(open, closed))
      .when(decideReachability, decide(open, place('public')))
      .thenFacts(reachabilityDecided(open, place('public')));
  });

  test('keeps who gets in while the node is at the same place', () => {
    const moved = { ...CONE, endpoints: ['198.51.100.1:9'] };
    network(reachabilityDecided(a, OPEN)).when(decideReachability, decide(a, CONE)).thenNothing();
    network(reachabilityDecided(a, OPEN))
      .when(decideReachability, decide(a, moved))
      .thenFacts(reachabilityDecided(a, { ...moved, filtering: 'open' }));
    network(reachabilityDecided(a, OPEN))
      .when(decideReachability, decide(a, place('endpoint-independent', 2)))
      .thenFacts(reachabilityDecided(a, place('endpoint-independent', 2)));
  });

  test('ends the exceptions that it makes needless', () => {
    network(pathTried(a, b), pathProven(a, b), pathTried(a, c), pathFailed(a, open, 'punched'))
      .when(decideReachability, decide(a, OPEN))
      .thenFacts(reachabilityDecided(a, OPEN), { type: 'PathForgotten', data: { a, b } });
  });

  test('is nothing where the node is gone', () => {
    network()
      .when(decideReachability, decide(nodeId(9), CONE))
      .thenNothing();
  });
});
