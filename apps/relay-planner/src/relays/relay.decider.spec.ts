import { describe, expect, test } from '@jest/globals';
import type { AnyFact, NewFact } from '#contracts/facts.js';
import type { RelayFact } from '#contracts/relay-facts.js';
import { networkFold } from '#topology/network-fold.js';
import { publicEndpoint } from '../../../../test/support/network-history.js';
import { networkCreated, nodeEnrolled, nodeId } from '../../../../test/support/network-facts.js';
import { at, fact, given, meta } from '../../../../test/support/given.js';
import {
  pathFailed,
  place,
  reachabilityDecided,
  relayAssigned,
  relaySet,
} from '../../../../test/support/relay-facts.js';
import type { RelayOutlook } from './assign-relays.js';
import { decideAssignRelay, decideAssignRelays, decideSetRelay, decideUnsetRelay } from './relay.decider.js';

/** Nodes a, b, c that nobody can call; r, s, t that everybody can. */
const [a, b, c, r, s, t] = [1, 2, 3, 4, 5, 6].map(nodeId) as [string, string, string, string, string, string];
const NODES: AnyFact[] = [
  networkCreated(),
  ...[1, 2, 3].map((n) => nodeEnrolled(n)),
  ...[4, 5, 6].map((n) => nodeEnrolled(n, { endpoints: [publicEndpoint(`203.0.113.${n}`)] })),
];
const network = (...facts: (AnyFact | NewFact)[]) => given(networkFold, [...NODES, ...facts]);

const outlook = (down: string[] = [], rtt: Record<string, number> = {}): RelayOutlook => ({
  isUp: (relayId) => !down.includes(relayId),
  rtt: (_nodeId, relayId) => rtt[relayId],
});
const pinned = (node: string, relayId: string | null): AnyFact => ({
  type: 'RelayPinned',
  data: { nodeId: node, relayId },
});
const assigned = (node: string, relayId: string | null, reason: Reason): AnyFact => ({
  type: 'RelayAssigned',
  data: { nodeId: node, relayId, reason },
});
type Reason = Extract<RelayFact, { type: 'RelayAssigned' }>['data']['reason'];

describe('a relay is set', () => {
  test('with a capacity', () => {
    network()
      .when(decideSetRelay, { ...meta(), nodeId: r, capacity: 20, outlook: outlook() })
      .thenFacts(relaySet(r, 20))
      .thenNothingWhenRepeated();
  });

  test('with 1,000 unless told, and keeps what it has', () => {
    network()
      .when(decideSetRelay, { ...meta(), nodeId: r, outlook: outlook() })
      .thenFacts(relaySet(r, 1000));
    network(relaySet(r, 7))
      .when(decideSetRelay, { ...meta(), nodeId: r, outlook: outlook() })
      .thenNothing();
  });

  test('with less room than it has nodes: those it cannot keep are moved', () => {
    network(relaySet(r), relaySet(s), relayAssigned(a, r), relayAssigned(b, r), relayAssigned(c, r), pinned(a, r))
      .when(decideSetRelay, { ...meta(), nodeId: r, capacity: 1, outlook: outlook() })
      .thenFacts(relaySet(r, 1), assigned(b, s, 'over capacity'), assigned(c, s, 'over capacity'));
  });

  test.each([
    ['nobody can call it', [], a, 'relay_unreachable'],
    ['its endpoint was proven closed', [reachabilityDecided(r, place('endpoint-independent'))], r, 'relay_unreachable'],
    ['it is disabled', [{ type: 'NodeDisabled', data: { nodeId: r } } as const], r, 'node_disabled'],
    ['it is no node', [], nodeId(99), 'not_found'],
  ] as const)('not where %s', (_what, facts, node, code) => {
    network(...facts)
      .when(decideSetRelay, { ...meta(), nodeId: node, outlook: outlook() })
      .thenRefused(code);
  });

  test.each([0, 1.5, 1e6])('not with a capacity of %p', (capacity) => {
    network()
      .when(decideSetRelay, { ...meta(), nodeId: r, capacity, outlook: outlook() })
      .thenRefused('invalid');
  });
});

describe('a relay is unset', () => {
  test('after what is behind it has moved to relays with room', () => {
    network(relaySet(r), relaySet(s, 1), relayAssigned(a, r), relayAssigned(b, r))
      .when(decideUnsetRelay, { ...meta(), nodeId: r, outlook: outlook() })
      .thenFacts(assigned(a, s, 'relay lost'), { type: 'RelayUnset', data: { nodeId: r } });
  });

  test('only if it is one', () => {
    network()
      .when(decideUnsetRelay, { ...meta(), nodeId: r, outlook: outlook() })
      .thenRefused('not_a_relay');
  });

  test('unless it has changed', () => {
    const command = { ...meta(), nodeId: r, outlook: outlook(), expectedVersion: 3 };
    network(relaySet(r)).when(decideUnsetRelay, command).thenRefused('version_mismatch');
  });
});

describe('an operator wishes a relay for a node', () => {
  const wish = (relayId: string | null, node = a, down: string[] = []) => ({
    ...meta(),
    nodeId: node,
    relayId,
    outlook: outlook(down),
  });

  test('and the node moves', () => {
    network(relaySet(r), relaySet(s), relayAssigned(a, r))
      .when(decideAssignRelay, wish(s))
      .thenFacts(pinned(a, s), assigned(a, s, 'pinned'))
      .thenNothingWhenRepeated();
  });

  test('that is silent: the wish waits', () => {
    network(relaySet(r), relaySet(s), relayAssigned(a, r))
      .when(decideAssignRelay, wish(s, a, [s]))
      .thenFacts(pinned(a, s));
  });

  test('no more: it stays where it is', () => {
    network(relaySet(r), relayAssigned(a, r), pinned(a, r))
      .when(decideAssignRelay, wish(null))
      .thenFacts(pinned(a, null));
  });

  test.each([
    { why: 'it is no relay', facts: [], node: a, code: 'not_a_relay' },
    { why: 'the node is a relay', facts: [relaySet(r), relaySet(s)], node: r, code: 'relay_self' },
    { why: 'it is full', facts: [relaySet(s, 1), relayAssigned(b, s)], node: a, code: 'relay_full' },
  ] as const)('not where $why', ({ facts, node, code }) => {
    network(...facts)
      .when(decideAssignRelay, wish(s, node))
      .thenRefused(code);
  });
});

describe('relays are assigned', () => {
  const ALL = [a, b, c, r, s, t];
  const two = [relaySet(r), relaySet(s)];
  const later = 11 * 60;

  test.each<[string, (AnyFact | NewFact)[], RelayOutlook, AnyFact[]]>([
    ['no relays', [], outlook(), []],
    [
      'evenly, to those that nobody can call',
      two,
      outlook(),
      [assigned(a, r, 'needed'), assigned(b, s, 'needed'), assigned(c, r, 'needed')],
    ],
    [
      'by the share of room that is left',
      [relaySet(r, 2), relaySet(s, 200)],
      outlook(),
      [assigned(a, r, 'needed'), assigned(b, s, 'needed'), assigned(c, s, 'needed')],
    ],
    [
      'to the closest',
      two,
      outlook([], { [r]: 60, [s]: 20 }),
      [assigned(a, s, 'needed'), assigned(b, s, 'needed'), assigned(c, s, 'needed')],
    ],
    ['to none that is silent', [relaySet(r)], outlook([r]), []],
    [
      'to none that it cannot reach',
      [relaySet(r), pathFailed(a, r, 'public'), pathFailed(b, r, 'public')],
      outlook(),
      [assigned(c, r, 'needed')],
    ],
    ['within capacity', [relaySet(r, 2)], outlook(), [assigned(a, r, 'needed'), assigned(b, r, 'needed')]],
    [
      'anew where the relay went silent',
      [...two, relayAssigned(a, r), relayAssigned(b, r), relayAssigned(c, s)],
      outlook([r]),
      [assigned(a, s, 'relay lost'), assigned(b, s, 'relay lost')],
    ],
    [
      'not anew where all relays are silent',
      [...two, ...[a, b, c].map((n) => relayAssigned(n, r))],
      outlook([r, s]),
      [],
    ],
    [
      'no more where a node can be called',
      [
        ...two,
        ...[a, b, c].map((n) => relayAssigned(n, r)),
        reachabilityDecided(b, place('endpoint-independent', 1, { filtering: 'open' })),
      ],
      outlook(),
      [assigned(b, null, 'not needed')],
    ],
    [
      'not to what cannot use UDP',
      [relaySet(r), reachabilityDecided(a, place('blocked')), reachabilityDecided(c, place('blocked'))],
      outlook(),
      [assigned(b, r, 'needed')],
    ],
    [
      'back to the one that is wished',
      [...two, pinned(a, s), ...[a, b, c].map((n) => relayAssigned(n, r))],
      outlook(),
      [assigned(a, s, 'pinned')],
    ],
  ])('%s', (_what, facts, outlook, expected) => {
    network(...facts)
      .when(decideAssignRelays, { ...meta(), nodeIds: ALL, outlook })
      .thenFacts(...expected);
  });

  test.each([
    ['much closer, long after the last move', { [r]: 60, [s]: 20 }, later, [assigned(a, s, 'closer')]],
    ['much closer, too early', { [r]: 60, [s]: 20 }, 60, []],
    ['a little closer', { [r]: 60, [s]: 50 }, later, []],
    ['closer in proportion, by nothing that counts', { [r]: 6, [s]: 2 }, later, []],
    ['perhaps closer', { [r]: 60 }, later, []],
  ] as const)('to one that is %s', (_what, rtt, seconds, expected) => {
    network(...two, relayAssigned(a, r))
      .when(decideAssignRelays, { ...meta({ at: at(seconds) }), nodeIds: [a], outlook: outlook([], rtt) })
      .thenFacts(...expected);
  });

  test('only to those who are asked for', () => {
    network(...two)
      .when(decideAssignRelays, { ...meta(), nodeIds: [b], outlook: outlook() })
      .thenFacts(assigned(b, r, 'needed'));
  });

  test('a wish outweighs closeness', () => {
    network(...two, fact(relayAssigned(a, r)), pinned(a, r))
      .when(decideAssignRelays, { ...meta({ at: at(later) }), nodeIds: [a], outlook: outlook([], { [r]: 60, [s]: 1 }) })
      .thenNothing();
  });

  test('the answer counts', () => {
    const { answer } = network(...two)
      .when(decideAssignRelays, { ...meta(), nodeIds: [a, b], outlook: outlook() })
      .thenFacts(assigned(a, r, 'needed'), assigned(b, s, 'needed'));
    expect(answer).toBe(2);
  });
});
