import { isDeepStrictEqual } from 'node:util';
import type { NodeState } from '#topology/network-state.js';
import type { NetworkHistory } from '../../../../test/support/network-history.js';
import { holds } from '../../../../test/support/property.js';
import { reachabilityGraphs } from '../../../../test/support/relay-facts.js';
import { isLive, type LiveState } from '../members.js';
import { choosePath, directPath, type PairPath } from './choose-path.js';
import { isUsableRelay, needsRelay } from './reach.js';

const GRAPHS = 1000;

/** Every pair of enabled nodes, in both orders. */
function forPairs({ state }: NetworkHistory, check: (state: LiveState, a: NodeState, b: NodeState) => void): void {
  if (!isLive(state)) throw new Error('no network');
  const enabled = [...state.nodes.values()].filter((node) => node.enabled);
  for (const a of enabled) for (const b of enabled) if (a !== b) check(state, a, b);
}

describe('over random graphs of reachability', () => {
  test('a path is the same from both ends', () => {
    holds(reachabilityGraphs, GRAPHS, (history) =>
      forPairs(history, (state, a, b) => equal(choosePath(state, b, a), reversed(choosePath(state, a, b)))),
    );
  });

  test('a pair is connected exactly if a way exists over the relays of both', () => {
    holds(reachabilityGraphs, GRAPHS, (history) =>
      forPairs(history, (state, a, b) =>
        equal(
          [a.nodeId, b.nodeId, choosePath(state, a, b).kind !== 'none'],
          [a.nodeId, b.nodeId, wayExists(state, a, b)],
        ),
      ),
    );
  });

  test('no relay is relayed, none relays itself, none is passed twice', () => {
    holds(reachabilityGraphs, GRAPHS, (history) =>
      forPairs(history, (state, a, b) => {
        const path = choosePath(state, a, b);
        if (path.kind !== 'relayed') return;
        equal(new Set([a.nodeId, ...path.relays, b.nodeId]).size, path.relays.length + 2);
        for (const relay of path.relays) equal(isUsableRelay(state, relay), true);
      }),
    );
  });

  test('each hop on the way sends on to the next, and takes the sender from the one before', () => {
    holds(reachabilityGraphs, GRAPHS, (history) =>
      forPairs(history, (state, a, b) => {
        const hops = hopsOf(a, choosePath(state, a, b), b);
        for (let i = 0; i + 1 < hops.length; i++) {
          equal(nextHop(state, hops[i], b.nodeId), hops[i + 1]);
          equal(nextHop(state, hops[i + 1], a.nodeId), hops[i]);
        }
      }),
    );
  });
});

/** `toEqual` writes the better message, this is the faster comparison: it runs some hundred thousand times. */
function equal(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected);
}

const reversed = (path: PairPath): PairPath =>
  path.kind === 'relayed' ? { kind: 'relayed', relays: [...path.relays].reverse() } : path;

function hopsOf(a: NodeState, path: PairPath, b: NodeState): string[] {
  if (path.kind === 'none') return [];
  return [a.nodeId, ...(path.kind === 'relayed' ? path.relays : []), b.nodeId];
}

/** Where a node sends what is for another: by its own path to it, as WireGuard's tables will say. */
function nextHop(state: LiveState, from: string | undefined, to: string): string | undefined {
  const [a, b] = [state.nodes.get(from ?? ''), state.nodes.get(to)];
  if (!a || !b) throw new Error('a hop is no node');
  return hopsOf(a, choosePath(state, a, b), b)[1];
}

/** With its own eyes: a search over direct pairs, in which only usable relays of ends that need one pass anything on. */
function wayExists(state: LiveState, a: NodeState, b: NodeState): boolean {
  const relays = [a, b].flatMap((node) => {
    const relayId = state.assignments.get(node.nodeId)?.relayId;
    const relay = relayId === undefined ? undefined : state.nodes.get(relayId);
    if (!relay || !isUsableRelay(state, relay.nodeId) || !needsRelay(state, node)) return [];
    return directPath(state, node, relay) ? [relay] : [];
  });
  const seen = new Set([a]);
  for (const at of seen)
    for (const next of [b, ...relays])
      if ((at === a || relays.includes(at)) && directPath(state, at, next)) seen.add(next);
  return seen.has(b);
}
