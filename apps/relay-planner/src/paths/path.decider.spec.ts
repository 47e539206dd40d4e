import { describe, expect, test } from '@jest/globals';
import type { AnyFact, NewFact } from '#contracts/facts.js';
import type { DirectPath, Filtering, NatKind } from '#contracts/relay-facts.js';
import { networkFold } from '#topology/network-fold.js';
import { lanEndpoint, publicEndpoint } from '../../../../test/support/network-history.js';
import { networkCreated, nodeEnrolled, nodeId } from '../../../../test/support/network-facts.js';
import { at, fact, given, meta, NOON } from '../../../../test/support/given.js';
import {
  pathFailed,
  pathProven,
  pathTried,
  place,
  reachabilityDecided,
  relayAssigned,
  relaySet,
} from '../../../../test/support/relay-facts.js';
import { decideFailPath, decideProvePath, decideTryPath } from './path.decider.js';

/** `a` and `b` behind NAT, each behind its own; `r` a public relay for both. */
const [a, b, r] = [1, 2, 3].map(nodeId) as [string, string, string];
const NODES: AnyFact[] = [
  networkCreated(),
  nodeEnrolled(1, { endpoints: [lanEndpoint('192.168.1.1')] }),
  nodeEnrolled(2, { endpoints: [lanEndpoint('192.168.1.2')] }),
  nodeEnrolled(3, { endpoints: [publicEndpoint('203.0.113.3')] }),
  relaySet(r),
  relayAssigned(a, r),
  relayAssigned(b, r),
];
const network = (...facts: (AnyFact | NewFact)[]) => given(networkFold, [...NODES, ...facts]);
const nats = (ofA: NatKind, ofB: NatKind, filtering: Filtering = 'unknown', sameAddress = false) => [
  reachabilityDecided(a, place(ofA, 1, { filtering })),
  reachabilityDecided(b, place(ofB, sameAddress ? 1 : 2)),
];
const pair: [string, string] = [b, a];
const CONES = nats('endpoint-independent', 'endpoint-independent');

describe('a trial', () => {
  test.each<[string, AnyFact[], DirectPath | null]>([
    ['nothing known', [], null],
    ['steady ports on both sides', CONES, 'punched'],
    ['steady, and seen by one only', nats('endpoint-independent', 'unknown'), 'punched'],
    ['steady and changing, who gets in unknown', nats('endpoint-independent', 'endpoint-dependent'), 'punched'],
    ['steady and a carrier, who gets in unknown', nats('endpoint-independent', 'cgnat'), 'punched'],
    [
      'steady and changing, only who was written to',
      nats('endpoint-independent', 'endpoint-dependent', 'restricted'),
      null,
    ],
    ['changing on both sides', nats('endpoint-dependent', 'endpoint-dependent'), null],
    ['no UDP on one side', nats('endpoint-independent', 'blocked'), null],
    ['one address for both', nats('endpoint-dependent', 'endpoint-dependent', 'unknown', true), 'lan'],
    ['a path that needs no trial', nats('endpoint-independent', 'endpoint-independent', 'open'), null],
    ['on trial already', [...CONES, pathTried(a, b)], null],
    ['proven already', [...CONES, pathTried(a, b), pathProven(a, b)], null],
    ['failed lately', [...CONES, pathFailed(a, b, 'punched', at(60))], null],
    ['failed long ago', [...CONES, pathFailed(a, b, 'punched', at(-60))], 'punched'],
    [
      'the LAN failed long ago: the next way',
      [...nats('endpoint-independent', 'endpoint-independent', 'unknown', true), pathFailed(a, b, 'lan', at(-60))],
      'punched',
    ],
    [
      'the last way failed long ago: the first again',
      [...nats('endpoint-independent', 'endpoint-independent', 'unknown', true), pathFailed(a, b, 'punched', at(-60))],
      'lan',
    ],
    ['one is disabled', [...CONES, { type: 'NodeDisabled', data: { nodeId: a } }], null],
  ])('%s', (_what, facts, over) => {
    const decided = network(...facts).when(decideTryPath, { ...meta(), pair });
    expect(decided.thenFacts(...(over ? [pathTried(a, b, over)] : [])).answer).toBe(over);
  });

  test('not while either node has eight, or 128 proven paths', () => {
    const others = (count: number, proven: boolean): AnyFact[] =>
      Array.from({ length: count }, (_, i) => nodeId(10 + i)).flatMap((other) => [
        pathTried(b, other),
        ...(proven ? [pathProven(b, other)] : []),
      ]);
    const busy = (count: number, proven = false) =>
      network(...CONES, ...others(count, proven)).when(decideTryPath, { ...meta(), pair });
    busy(7).thenFacts(pathTried(a, b));
    busy(8).thenNothing();
    busy(127, true).thenFacts(pathTried(a, b));
    busy(128, true).thenNothing();
  });
});

describe('a path on trial', () => {
  test('is proven once', () => {
    network(...CONES, pathTried(a, b))
      .when(decideProvePath, { ...meta(), pair })
      .thenFacts(pathProven(a, b));
    network(...CONES, pathTried(a, b), pathProven(a, b))
      .when(decideProvePath, { ...meta(), pair })
      .thenNothing();
  });

  test('fails: it waits 5 s', () => {
    network(...CONES, pathTried(a, b))
      .when(decideFailPath, { ...meta(), pair, reason: 'no handshake' })
      .thenFacts(pathFailed(a, b, 'punched', at(5)));
  });

  test.each([
    ['is proven: anybody gets in', 'open'],
    ['fails: only who was written to', 'restricted'],
  ] as const)('with a port that changes, %s at the other', (_what, filtering) => {
    const failedTwice: AnyFact = {
      type: 'PathFailed',
      data: { a, b, over: 'punched', reason: 'no handshake', failures: 2, retryAt: NOON },
    };
    const started = network(...nats('endpoint-independent', 'endpoint-dependent'), failedTwice, pathTried(a, b));
    const learned: AnyFact = {
      type: 'NodeReachabilityDecided',
      data: { nodeId: a, observers: [b], ...place('endpoint-independent', 1, { filtering }) },
    };
    if (filtering === 'open') started.when(decideProvePath, { ...meta(), pair }).thenFacts(pathProven(a, b), learned);
    else
      started
        .when(decideFailPath, { ...meta(), pair, reason: 'no handshake' })
        .thenFacts({ type: 'PathFailed', data: { ...failedTwice.data, failures: 3, retryAt: at(20) } }, learned);
  });

  test('with a port that was found to change after it began tells of nobody: the other has called where that one was seen before', () => {
    const changing = fact(reachabilityDecided(b, place('endpoint-dependent', 2)), at(1));
    const started = network(...CONES, pathFailed(a, b), pathFailed(a, b), pathTried(a, b), changing);
    started.when(decideProvePath, { ...meta({ at: at(2) }), pair }).thenFacts(pathProven(a, b));
  });

  test('with a port that changes, fails for the third time, whoever else was tried: only who was written to gets in', () => {
    const others = [4, 5].map(nodeId);
    const known = [...others, b].map((id, n) => reachabilityDecided(id, place('endpoint-dependent', 2 + n)));
    const tried = (count: number) =>
      network(
        ...others.map((_, n) => nodeEnrolled(4 + n)),
        reachabilityDecided(a, place('endpoint-independent', 1)),
        ...known,
        ...others.slice(0, count).map((other) => pathFailed(a, other)),
        pathTried(a, b),
      ).when(decideFailPath, { ...meta(), pair, reason: 'no handshake' });
    const failed = pathFailed(a, b, 'punched', at(5));
    tried(1).thenFacts(failed);
    tried(2).thenFacts(failed, {
      type: 'NodeReachabilityDecided',
      data: { nodeId: a, observers: [b], ...place('endpoint-independent', 1, { filtering: 'restricted' }) },
    });
  });
});

describe('a path fails', () => {
  const tryAnew: AnyFact = { type: 'PathTried', data: { a, b, over: 'punched', anew: true } };
  const failed = (failures: number, seconds: number): AnyFact => ({
    type: 'PathFailed',
    data: { a, b, over: 'punched', reason: 'silent', failures, retryAt: at(seconds) },
  });

  test.each([
    ['a second time: twice as long', [pathFailed(a, b, 'punched', at(-60)), pathTried(a, b)], failed(2, 10)],
    ['that had begun anew', [failed(5, -60), tryAnew], failed(1, 5)],
    ['that had lasted', [{ ...failed(5, 0) }, pathTried(a, b), fact(pathProven(a, b), at(-601))], failed(1, 30)],
    ['that had not', [{ ...failed(5, 0) }, pathTried(a, b), fact(pathProven(a, b), at(-599))], failed(6, 30 * 32)],
    ['again and again: six hours', [failed(20, 0), pathTried(a, b)], failed(21, 6 * 3600)],
  ] as const)('%s', (_what, facts, expected) => {
    network(...CONES, ...facts)
      .when(decideFailPath, { ...meta(), pair, reason: 'silent' })
      .thenFacts(expected);
  });

  test('that has failed already: nothing', () => {
    network(...CONES, pathFailed(a, b))
      .when(decideFailPath, { ...meta(), pair, reason: 'silent' })
      .thenNothing();
  });

  test('that follows from both nodes, if a relay is left', () => {
    const open = { ...meta(), pair: [a, r] as [string, string], reason: 'no answer' };
    network().when(decideFailPath, open).thenNothing();
    network(
      { type: 'RelaySet', data: { nodeId: nodeId(4), capacity: 1 } },
      nodeEnrolled(4, { endpoints: [publicEndpoint('203.0.113.4')] }),
      relayAssigned(a, nodeId(4)),
    )
      .when(decideFailPath, open)
      .thenFacts({
        type: 'PathFailed',
        data: { a, b: r, over: 'public', reason: 'no answer', failures: 1, retryAt: at(30) },
      });
  });

  test('to its relay, if there is another one with room', () => {
    const open = { ...meta(), pair: [a, r] as [string, string], reason: 'no answer' };
    const second: AnyFact[] = [
      nodeEnrolled(4, { endpoints: [publicEndpoint('203.0.113.4')] }),
      { type: 'RelaySet', data: { nodeId: nodeId(4), capacity: 1 } },
    ];
    network(...second)
      .when(decideFailPath, open)
      .thenFacts({
        type: 'PathFailed',
        data: { a, b: r, over: 'public', reason: 'no answer', failures: 1, retryAt: at(30) },
      });
    network(...second, relayAssigned(b, nodeId(4)))
      .when(decideFailPath, open)
      .thenNothing();
  });

  test('where there is none: nothing', () => {
    network()
      .when(decideFailPath, { ...meta(), pair, reason: 'silent' })
      .thenNothing();
  });
});
