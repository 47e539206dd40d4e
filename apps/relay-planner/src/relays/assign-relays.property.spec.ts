import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isLive, type LiveState } from '#planner/members.js';
import { directPath } from '#planner/paths/choose-path.js';
import { isUsableRelay, needsRelay } from '#planner/paths/reach.js';
import type { NetworkHistory } from '../../../../test/support/network-history.js';
import { holds } from '../../../../test/support/property.js';
import { reachabilityGraphs } from '../../../../test/support/relay-facts.js';
import { assignRelays, type RelayOutlook } from './assign-relays.js';

const GRAPHS = 1000;
const NOW = '2026-11-21T12:00:00.000Z';

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

/** Assigns until nothing changes, and counts the rounds that made facts. */
function assignAll(history: NetworkHistory, outlook: RelayOutlook): number {
  for (let rounds = 0; rounds < 5; rounds++) {
    const state = stateOf(history);
    const facts = assignRelays({ state, outlook, now: NOW }, state.nodes.keys());
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
});
