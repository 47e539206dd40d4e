import { describe, expect, test } from '@jest/globals';
import type { AnyFact } from '#contracts/facts.js';
import { at, fact, given } from '../../../test/support/given.js';
import { networkCreated, nodeEnrolled, nodeId, nodeRemoved } from '../../../test/support/network-facts.js';
import {
  pathFailed,
  pathProven,
  pathTried,
  place,
  reachabilityDecided,
  relayAssigned,
  relaySet,
} from '../../../test/support/relay-facts.js';
import { networkFold } from './network-fold.js';
import { pathBetween } from './relay-fold.js';

const [a, b, r, s] = [nodeId(1), nodeId(2), nodeId(3), nodeId(4)];
const state = (...facts: AnyFact[]) =>
  given(networkFold, [networkCreated(), ...[1, 2, 3, 4].map((n) => nodeEnrolled(n)), ...facts]).state;
const behind = (relay: string, facts: AnyFact[]) =>
  state(...facts)
    .relays.get(relay)
    ?.nodes.toArray()
    .sort();

describe('a relay', () => {
  test('knows what is behind it', () => {
    const two = [relaySet(r), relaySet(s), relayAssigned(a, r), relayAssigned(b, r)];
    expect(behind(r, two)).toEqual([a, b]);
    expect([behind(r, [...two, relayAssigned(a, s)]), behind(s, [...two, relayAssigned(a, s)])]).toEqual([[b], [a]]);
    expect(behind(r, [...two, relayAssigned(a, null)])).toEqual([b]);
    expect(behind(r, [...two, nodeRemoved(1)])).toEqual([b]);
  });

  test('may change its capacity and keeps what is behind it', () => {
    const relay = state(relaySet(r), relayAssigned(a, r), relaySet(r, 5)).relays.get(r);
    expect(relay).toMatchObject({ capacity: 5, createdAt: at(0), version: 8 });
    expect(relay?.nodes.toArray()).toEqual([a]);
  });

  test.each<AnyFact>([{ type: 'RelayUnset', data: { nodeId: r } }, nodeRemoved(3)])(
    'goes with assignments and wishes: $type',
    (end) => {
      const pinned: AnyFact = { type: 'RelayPinned', data: { nodeId: b, relayId: r } };
      const left = state(relaySet(r), relaySet(s), relayAssigned(a, r), relayAssigned(b, s), pinned, end);
      expect(left.assignments.map(({ relayId }) => relayId).toJS()).toEqual({ [b]: s });
      expect([left.relays.has(r), left.relayPins.size]).toEqual([false, 0]);
    },
  );
});

describe('a pair', () => {
  const phase = (...facts: AnyFact[]) => pathBetween(state(...facts), b, a)?.phase;

  test('is tried, proven, fails, and is forgotten', () => {
    expect(phase(pathTried(a, b))).toBe('trying');
    expect(phase(pathTried(a, b), pathProven(a, b))).toBe('proven');
    expect(phase(pathTried(a, b), pathProven(a, b), pathFailed(a, b))).toBe('failed');
    const forgotten = state(pathTried(a, b), { type: 'PathForgotten', data: { a, b } });
    expect(forgotten.paths.size).toBe(0);
  });

  test('keeps the count of failures through the next trial', () => {
    const again = state(pathFailed(a, b, 'punched', at(60)), pathTried(a, b, 'lan'));
    expect(pathBetween(again, a, b)).toEqual({
      a,
      b,
      over: 'lan',
      phase: 'trying',
      since: at(0),
      failures: 1,
      retryAt: null,
    });
  });

  test('goes with either node, and only that pair', () => {
    const left = state(pathTried(a, b), pathTried(b, r), nodeRemoved(1));
    expect([pathBetween(left, a, b), pathBetween(left, r, b)?.phase]).toEqual([undefined, 'trying']);
  });

  test('of which nobody knows is not proven', () => {
    expect(state(pathProven(a, b)).paths.size).toBe(0);
  });

  test('that failed is forgotten where a node is somewhere else, and only then', () => {
    const here = reachabilityDecided(a, place('endpoint-independent', 1));
    const port = reachabilityDecided(a, place('endpoint-independent', 1, { endpoints: ['198.51.100.1:9'] }));
    const there = reachabilityDecided(a, place('endpoint-independent', 2));
    const failed = [here, pathFailed(a, b), pathTried(a, r)];
    expect(phase(...failed, port)).toBe('failed');
    expect(phase(...failed, there)).toBeUndefined();
    expect(pathBetween(state(...failed, there), a, r)?.phase).toBe('trying');
  });
});

test('a snapshot holds all of it', () => {
  const full = state(
    reachabilityDecided(a, place('cgnat')),
    relaySet(r),
    relaySet(s),
    relayAssigned(a, r),
    { type: 'RelayPinned', data: { nodeId: a, relayId: r } },
    pathTried(a, b),
    pathFailed(a, s),
  );
  const json = JSON.parse(JSON.stringify(networkFold.toJson(full))) as unknown;
  const again = networkFold.fromJson(json);
  expect(networkFold.toJson(again)).toEqual(json);
  expect(again.relays.get(r)?.nodes.toArray()).toEqual([a]);
  expect(pathBetween(again, s, a)).toEqual(pathBetween(full, a, s));
});

test('a network that is deleted has none of it', () => {
  const gone = state(relaySet(r), relayAssigned(a, r), pathTried(a, b), {
    type: 'NetworkDeleted',
    data: { networkId: 'n', name: 'prod' },
  });
  expect([gone.relays.size, gone.assignments.size, gone.paths.size]).toEqual([0, 0, 0]);
});

test('what is said of nodes that are gone changes nothing that counts', () => {
  const before = state(relaySet(r));
  const stray = [
    fact({ type: 'RelayUnset', data: { nodeId: s } }),
    fact({ type: 'RelayAssigned', data: { nodeId: a, relayId: null, reason: 'needed' } }),
  ];
  const after = given(networkFold, [
    networkCreated(),
    ...[1, 2, 3, 4].map((n) => nodeEnrolled(n)),
    relaySet(r),
    ...stray,
  ]).state;
  expect(networkFold.toJson(after)).toEqual({ ...(networkFold.toJson(before) as object), version: 8 });
});
