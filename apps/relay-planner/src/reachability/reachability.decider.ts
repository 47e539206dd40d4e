import type { Decision } from '#contracts/decision.js';
import type { NetworkFact } from '#contracts/facts.js';
import type { Reachability } from '#contracts/relay-facts.js';
import { isLive } from '#planner/members.js';
import { assumedPath } from '#planner/paths/choose-path.js';
import { standingOf } from '#planner/paths/standing.js';
import { offersPublic } from '#planner/paths/reach.js';
import { factsOf, foldNew, type CommandMeta } from '#topology/command.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';

export interface DecideReachability extends CommandMeta {
  nodeId: string;
  reachability: Reachability;
  /** Node ids of those who saw it. */
  observers: string[];
}

/**
 * Records how a node is reached, if that is news. Who gets in at its NAT stays known while it is at the same place. Pairs
 * that are proven and need no exception any more are forgotten. Answer: how many facts.
 */
export function decideReachability(command: DecideReachability, state: NetworkState): Decision {
  const { nodeId, reachability, observers } = command;
  const next = withWhatWasLearned(state, nodeId, reachability);
  if (!next || isKnown(state, nodeId, next)) return { facts: [], answer: 0 };
  const decided = factsOf(command, {
    type: 'NodeReachabilityDecided',
    data: { nodeId, observers: [...observers].sort(), ...next },
  });
  const facts = [...decided, ...factsOf(command, ...needless(foldNew(networkFold, state, decided), nodeId))];
  return { facts, answer: facts.length };
}

function withWhatWasLearned(state: NetworkState, nodeId: string, next: Reachability): Reachability | undefined {
  if (!state.nodes.has(nodeId)) return undefined;
  const was = state.reachability.get(nodeId);
  const samePlace = was?.nat === next.nat && was.addresses.join() === next.addresses.join();
  return samePlace && next.filtering === 'unknown' ? { ...next, filtering: was.filtering } : next;
}

/** The same again, or what follows from the node's offers anyway. */
export function isKnown(state: NetworkState, nodeId: string, next: Reachability): boolean {
  const was = state.reachability.get(nodeId);
  if (was) return sameReachability(was, next);
  const node = state.nodes.get(nodeId);
  if (!isLive(state) || !node) return true;
  return next.nat === 'public' ? offersPublic(state, node) : next.nat === 'unknown' && next.endpoints.length === 0;
}

export const sameReachability = (a: Reachability, b: Reachability): boolean =>
  a.nat === b.nat &&
  a.filtering === b.filtering &&
  a.endpoints.join() === b.endpoints.join() &&
  a.addresses.join() === b.addresses.join();

function needless(state: NetworkState, nodeId: string): NetworkFact[] {
  const node = state.nodes.get(nodeId);
  if (!isLive(state) || !node) return [];
  return [...(state.paths.get(nodeId)?.values() ?? [])]
    .filter(({ a, b, phase, over }) => {
      const other = state.nodes.get(a === nodeId ? b : a);
      return (
        phase === 'proven' &&
        over === 'punched' &&
        other &&
        assumedPath(standingOf(state, node), standingOf(state, other)) !== undefined
      );
    })
    .sort((x, y) => (x.a + x.b < y.a + y.b ? -1 : 1))
    .map(({ a, b }) => ({ type: 'PathForgotten', data: { a, b } }));
}
