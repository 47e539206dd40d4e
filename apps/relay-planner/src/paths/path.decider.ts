import type { Decision } from '#contracts/decision.js';
import type { NetworkFact } from '#contracts/facts.js';
import type { DirectPath, Filtering } from '#contracts/relay-facts.js';
import { isLive, type LiveState } from '#planner/members.js';
import { choosePath, directPath } from '#planner/paths/choose-path.js';
import { inOrder, isUsableRelay } from '#planner/paths/reach.js';
import { isSteady, LEAST_REST_MS, nextTrial, provesFiltering } from '#planner/paths/trials.js';
import { factsOf, foldNew, type CommandMeta } from '#topology/command.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState, NodeState, PathState } from '#topology/network-state.js';
import { pathBetween } from '#topology/relay-fold.js';

export interface TryPath extends CommandMeta {
  /** Node ids in any order. */
  pair: [string, string];
  /** As in `Asked`. */
  changedAt?: string | undefined;
}

export interface ProvePath extends CommandMeta {
  pair: [string, string];
}

export interface FailPath extends CommandMeta {
  pair: [string, string];
  /** For people. */
  reason: string;
}

/** After the first failure: a trial that fails has cost nobody anything, one on a busy machine may just have been late. */
const TRIED_MS = LEAST_REST_MS;
/** The same for a path that had traffic: what comes and goes shall stay away. */
const USED_MS = 30_000;
const LONGEST_MS = 6 * 3_600_000;

/** How long a pair rests after so many failures in a row: each time twice as long. */
export const retryAfterMs = (failures: number, wasUsed: boolean): number =>
  Math.min((wasUsed ? USED_MS : TRIED_MS) * 2 ** (failures - 1), LONGEST_MS);

/** A path that lasted so long was a good one: its failure counts as the first. */
export const GOOD_AFTER_MS = 10 * 60_000;

/** Begins the trial that is due between two nodes, if one is. Answer: over what, or null. */
export function decideTryPath(command: TryPath, state: NetworkState): Decision {
  const [a, b] = inOrder(...command.pair);
  const [nodeA, nodeB] = [state.nodes.get(a), state.nodes.get(b)];
  if (!isLive(state) || !nodeA || !nodeB) return { facts: [], answer: null };
  const trial = nextTrial(state, [nodeA, nodeB], { now: command.at, changedAt: command.changedAt });
  if (!trial) return { facts: [], answer: null };
  const { over, anew } = trial;
  const data = { a, b, over, ...(anew && { anew }) };
  return { facts: factsOf(command, { type: 'PathTried', data }), answer: over };
}

/**
 * Moves the traffic of a pair to the path on trial; both ends have shaken hands there. Where one end's port depends on whom
 * it talks to, this tells that anybody gets in at the other. Answer: whether it was on trial.
 */
export function decideProvePath(command: ProvePath, state: NetworkState): Decision {
  const [a, b] = inOrder(...command.pair);
  const path = pathBetween(state, a, b);
  if (path?.phase !== 'trying') return { facts: [], answer: false };
  const learned = whoGetsIn(state, path, 'open');
  return { facts: factsOf(command, { type: 'PathProven', data: { a, b } }, ...learned), answer: true };
}

/**
 * Ends a trial, or a path that has gone silent; the pair uses a relay and waits, each time longer. A path that
 * follows from both nodes is left only if there is another. Trials that failed tell who gets in, as above. Answer: when it may be tried
 * again, or null.
 */
export function decideFailPath(command: FailPath, state: NetworkState): Decision {
  const [a, b] = inOrder(...command.pair);
  const path = pathBetween(state, a, b);
  const over = overOf(state, a, b, path);
  if (!over) return { facts: [], answer: null };
  const failures = path && !wasGood(path, command.at) ? path.failures + 1 : 1;
  const rest = retryAfterMs(failures, path?.phase !== 'trying');
  const retryAt = new Date(Date.parse(command.at) + rest).toISOString();
  const failed: NetworkFact = { type: 'PathFailed', data: { a, b, over, reason: command.reason, failures, retryAt } };
  if (!path && !isRelayedAfter(state, command, failed)) return { facts: [], answer: null };
  const learned = path?.phase === 'trying' && isClear(state, path) ? whoGetsIn(state, path, 'restricted') : [];
  return { facts: factsOf(command, failed, ...learned), answer: retryAt };
}

const wasGood = ({ phase, since }: PathState, at: string): boolean =>
  phase === 'proven' && Date.parse(at) - Date.parse(since) >= GOOD_AFTER_MS;

/** What fails: the path that is tried or proven, else the one that follows from both nodes; nothing twice. */
function overOf(state: NetworkState, a: string, b: string, path: PathState | undefined): DirectPath | undefined {
  if (path) return path.phase === 'failed' ? undefined : path.over;
  const [nodeA, nodeB] = [state.nodes.get(a), state.nodes.get(b)];
  return isLive(state) && nodeA && nodeB ? directPath(state, nodeA, nodeB) : undefined;
}

function isRelayedAfter(state: NetworkState, command: FailPath, failed: NetworkFact): boolean {
  const after = foldNew(networkFold, state, factsOf(command, failed));
  const [a, b] = command.pair.map((id) => after.nodes.get(id));
  if (!isLive(after) || !a || !b) return false;
  return choosePath(after, a, b).kind !== 'none' || findsOtherRelay(after, a, b) || findsOtherRelay(after, b, a);
}

/** A node that no longer reaches its relay gets another one, if there is any for it. */
function findsOtherRelay(after: LiveState, node: NodeState, relay: NodeState): boolean {
  if (after.assignments.get(node.nodeId)?.relayId !== relay.nodeId) return false;
  return [...after.relays.values()].some(({ nodeId, nodes, capacity }) => {
    const other = after.nodes.get(nodeId);
    return other && isUsableRelay(after, nodeId) && nodes.size < capacity && directPath(after, node, other);
  });
}

/** One trial that fails may just have been late: how many must, with whomever, until it is clear that only some get in. */
export const CLEAR_AFTER = 3;

function isClear(state: NetworkState, { a, b, failures }: PathState): boolean {
  const [ofA, ofB] = [state.reachability.get(a), state.reachability.get(b)];
  const [nodeId, itself] = ofA && isSteady(ofA) ? [a, ofA] : [b, ofB];
  const others = [...(state.paths.get(nodeId)?.values() ?? [])].filter((path) => {
    const other = state.reachability.get(path.a === nodeId ? path.b : path.a);
    return path.phase === 'failed' && path.over === 'punched' && itself && other && provesFiltering(itself, other);
  });
  return others.reduce((sum, path) => sum + path.failures, failures + 1) >= CLEAR_AFTER;
}

function whoGetsIn(state: NetworkState, { a, b, over, since }: PathState, filtering: Filtering): NetworkFact[] {
  const [ofA, ofB] = [state.reachability.get(a), state.reachability.get(b)];
  if (over !== 'punched' || !ofA || !ofB || !provesFiltering(ofA, ofB)) return [];
  // One that was judged after the trial had begun was called where it was seen before.
  if ([ofA, ofB].some(({ at }) => Date.parse(at) > Date.parse(since))) return [];
  const { nodeId, at: _at, version: _version, ...known } = isSteady(ofA) ? ofA : ofB;
  if (known.filtering !== 'unknown') return [];
  const observers = [nodeId === a ? b : a];
  return [{ type: 'NodeReachabilityDecided', data: { nodeId, observers, ...known, filtering } }];
}
