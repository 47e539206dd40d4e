import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isLive, type LiveState } from '#planner/members.js';
import { choosePath, directPath } from '#planner/paths/choose-path.js';
import { isCallable, isUsableRelay, needsRelay } from '#planner/paths/reach.js';
import type { NetworkHistory } from '../../../../test/support/network-history.js';
import { holds } from '../../../../test/support/property.js';
import type { NodeState } from '#topology/network-state.js';
import { reachabilityGraphs, relaySet } from '../../../../test/support/relay-facts.js';
import { assignRelays, CLOSER_BY_MS, REST_MS, type RelayOutlook } from './assign-relays.js';

const GRAPHS = 1000;

/** What was heard and measured, the same whenever it is asked. */
const outlooks: fc.Arbitrary<RelayOutlook> = fc
  .record({
    silent: fc.nat(15),
    rtts: fc.array(fc.option(fc.integer({ min: 1, max: 200 })), { minLength: 7, maxLength: 7 }),
  })
  .map(({ silent, rtts }) => ({
    isUp: (relayId) => (silent & (1 << place(relayId, 4))) === 0,
    rtt: (nodeId, relayId) => rtts[place(nodeId + relayId, 7)] ?? undefined,
  }));

const place = (text: string, places: number) => [...text].reduce((sum, char) => sum + char.charCodeAt(0), 0) % places;

const stateOf = ({ state }: NetworkHistory): LiveState => {
  if (!isLive(state)) throw new Error('no network');
  return state;
};

/** Assigns until nothing changes, at a time when nobody has moved lately, and counts the rounds that made facts. */
function assignAll(history: NetworkHistory, outlook: RelayOutlook): number {
  const now = history.pass(REST_MS);
  for (let rounds = 0; rounds < 5; rounds++) {
    const state = stateOf(history);
    const facts = assignRelays({ state, outlook, now }, state.nodes.keys());
    if (facts.length === 0) return rounds;
    for (const fact of facts) history.append(fact);
  }
  throw new Error('it does not come to rest');
}

describe('over random graphs of reachability', () => {
  test('assignments come to rest after one round', () => {
    holds(fc.tuple(reachabilityGraphs, outlooks), GRAPHS, ([history, outlook]) =>
      expect(assignAll(history, outlook)).toBeLessThanOrEqual(1),
    );
  });

  test('relays are within capacity, and serve those they have', () => {
    holds(fc.tuple(reachabilityGraphs, outlooks), GRAPHS, ([history, outlook]) => {
      assignAll(history, outlook);
      const state = stateOf(history);
      for (const { nodeId, capacity, nodes } of state.relays.values()) {
        const behind = nodes.toArray().map((id) => state.nodes.get(id)!);
        if (behind.length > 0) expect(isUsableRelay(state, nodeId)).toBe(true);
        expect(behind.length).toBeLessThanOrEqual(capacity);
        for (const node of behind) {
          expect(node.nodeId).not.toBe(nodeId);
          expect(directPath(state, node, state.nodes.get(nodeId)!)).toBeDefined();
        }
      }
    });
  });

  test('whoever needs a relay has one, if one that is up has room and reaches it; nobody else has', () => {
    holds(fc.tuple(reachabilityGraphs, outlooks), GRAPHS, ([history, outlook]) => {
      assignAll(history, outlook);
      const state = stateOf(history);
      for (const node of state.nodes.values()) {
        const assigned = state.assignments.has(node.nodeId);
        if (!needsRelay(state, node)) expect(assigned).toBe(false);
        else if (!assigned)
          for (const { nodeId, capacity, nodes } of state.relays.values()) {
            const serves =
              nodeId !== node.nodeId &&
              isUsableRelay(state, nodeId) &&
              outlook.isUp(nodeId) &&
              directPath(state, node, state.nodes.get(nodeId)!) !== undefined;
            if (serves) expect(nodes.size).toBe(capacity);
          }
      }
    });
  });

  test('where relays have room for all and reach each other, a pair is connected exactly if a way over any of them exists', () => {
    holds(reachabilityGraphs, GRAPHS, (history) => {
      makeRoom(history);
      assignAll(history, { isUp: () => true, rtt: () => undefined });
      const state = stateOf(history);
      // Who can be called has no relay: where one pair of it is an exception, there is nothing to fall back to (docs/paths.md).
      const nodes = [...state.nodes.values()].filter(
        (node) => needsRelay(state, node) || (isCallable(state, node) && node.enabled && !state.paths.has(node.nodeId)),
      );
      for (const a of nodes)
        for (const b of nodes)
          if (a.nodeId < b.nodeId)
            expect([a.name, b.name, choosePath(state, a, b).kind !== 'none']).toEqual([
              a.name,
              b.name,
              wayExists(state, a, b),
            ]);
    });
  });

  test('a node that is assigned by times that go up and down moves once in ten minutes at most, and never for little', () => {
    const step = fc.record({
      seconds: fc.integer({ min: 1, max: 400 }),
      rtts: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 7, maxLength: 7 }),
    });
    holds(fc.tuple(reachabilityGraphs, fc.array(step, { maxLength: 8 })), GRAPHS / 4, ([history, steps]) => {
      makeRoom(history);
      assignAll(history, { isUp: () => true, rtt: () => undefined });
      for (const { seconds, rtts } of steps) {
        const now = history.pass(seconds * 1000);
        const outlook: RelayOutlook = { isUp: () => true, rtt: (nodeId, relayId) => rtts[place(nodeId + relayId, 7)] };
        const state = stateOf(history);
        for (const fact of assignRelays({ state, outlook, now }, state.nodes.keys())) {
          if (fact.type !== 'RelayAssigned') throw new Error(`${fact.type} assigns nothing`);
          const { nodeId, relayId, reason } = fact.data;
          const before = state.assignments.get(nodeId)!;
          expect(reason).toBe('closer');
          expect(Date.parse(now) - Date.parse(before.since)).toBeGreaterThanOrEqual(REST_MS);
          const saved = outlook.rtt(nodeId, before.relayId)! - outlook.rtt(nodeId, relayId!)!;
          expect(saved).toBeGreaterThan(CLOSER_BY_MS);
          history.append(fact);
        }
      }
    });
  });
});

/** Every relay takes all, and none is cut off from another. */
function makeRoom(history: NetworkHistory): void {
  const { relays, paths } = stateOf(history);
  for (const nodeId of relays.keys()) history.append(relaySet(nodeId, 100));
  for (const [a, others] of paths)
    for (const b of others.keys())
      if (a < b && relays.has(a) && relays.has(b)) history.append({ type: 'PathForgotten', data: { a, b } });
}

/** A search over direct pairs, in which only usable relays pass anything on. */
function wayExists(state: LiveState, a: NodeState, b: NodeState): boolean {
  const relays = [...state.relays.keys()].filter((id) => isUsableRelay(state, id)).map((id) => state.nodes.get(id)!);
  const seen = new Set([a]);
  for (const at of seen)
    for (const next of [b, ...relays])
      if ((at === a || relays.includes(at)) && directPath(state, at, next)) seen.add(next);
  return seen.has(b);
}
