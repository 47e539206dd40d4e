import type { DirectPath, Reachability } from '#contracts/relay-facts.js';
import type { NodeState, PathState } from '#topology/network-state.js';
import { pathBetween } from '#topology/relay-fold.js';
import { sameSite } from '../choose-endpoint.js';
import type { LiveState } from '../members.js';
import { directPath } from './choose-path.js';
import { isCallable, offersLan } from './reach.js';

/** A node keeps so many proven paths, each of which costs it a packet a second, and tries so many at a time. */
export const MOST_PROVEN = 128;
export const MOST_TRIALS = 8;

/** However much has changed, a pair that failed rests so long, milliseconds. */
export const LEAST_REST_MS = 5_000;

/** When it is asked for a trial. Times are ISO 8601 UTC. */
export interface Asked {
  now: string;
  /** When one of both changed last, as no fact tells: its agent was started, or its own addresses are others. */
  changedAt?: string | undefined;
}

export interface Trial {
  over: DirectPath;
  /** What failed before says nothing any more. */
  anew: boolean;
}

/**
 * The way that two nodes without a direct path should try next; undefined: none, or not now. After a failure the next way that is
 * possible, in the order LAN, public, punched, and again from the first; from the first at once where one of both has changed since.
 */
export function nextTrial(state: LiveState, [a, b]: readonly [NodeState, NodeState], asked: Asked): Trial | undefined {
  const known = pathBetween(state, a.nodeId, b.nodeId);
  if (known?.phase === 'trying' || known?.phase === 'proven') return undefined;
  const anew = known !== undefined && isOutdated(state, known, asked);
  if (known && !anew && isResting(known, asked)) return undefined;
  if (!a.enabled || !b.enabled || directPath(state, a, b)) return undefined;
  if (isBusy(state, a.nodeId) || isBusy(state, b.nodeId)) return undefined;
  const ways = possibleWays(state, a, b);
  const over = ways[known && !anew ? (ways.indexOf(known.over) + 1) % ways.length : 0];
  return over && { over, anew };
}

const isResting = ({ retryAt }: PathState, { now }: Asked): boolean =>
  retryAt !== null && Date.parse(now) < Date.parse(retryAt);

function isOutdated({ reachability }: LiveState, { a, b, since }: PathState, { now, changedAt }: Asked): boolean {
  if (Date.parse(now) - Date.parse(since) < LEAST_REST_MS) return false;
  const changes = [reachability.get(a)?.at, reachability.get(b)?.at, changedAt];
  return changes.some((at) => at !== undefined && Date.parse(at) > Date.parse(since));
}

/** The ways that may work between two nodes, whatever was tried. */
export function possibleWays(state: LiveState, a: NodeState, b: NodeState): DirectPath[] {
  const [ofA, ofB] = [state.reachability.get(a.nodeId), state.reachability.get(b.nodeId)];
  const lan = offersLan(a) && offersLan(b) && (sameSite(a, b) || shareAddress(ofA, ofB));
  const blocked = ofA?.nat === 'blocked' || ofB?.nat === 'blocked';
  const open = !blocked && (isCallable(state, a) || isCallable(state, b));
  const punched = !open && ofA !== undefined && ofB !== undefined && canPunch(ofA, ofB);
  return [
    ...(lan ? ['lan' as const] : []),
    ...(open ? ['public' as const] : []),
    ...(punched ? ['punched' as const] : []),
  ];
}

/**
 * Whether two NATs may let a pair through to each other: both send to where the other is seen. A side whose port differs
 * for each destination gets in only where anybody does, which a first trial finds out.
 */
export function canPunch(a: Reachability, b: Reachability): boolean {
  if (isSteady(a) && isSteady(b)) return shareFamily(a, b);
  const [steady, other] = isSteady(a) ? [a, b] : [b, a];
  return (
    isSteady(steady) &&
    steady.filtering !== 'restricted' &&
    (other.nat === 'endpoint-dependent' || other.nat === 'cgnat')
  );
}

/** Whether a trial between these tells who gets in at the one of them that has the same port for all. */
export const provesFiltering = (a: Reachability, b: Reachability): boolean => isSteady(a) !== isSteady(b);

/** Seen at one endpoint by everybody, as far as is known. */
export const isSteady = ({ nat, endpoints }: Reachability): boolean =>
  (nat === 'endpoint-independent' || nat === 'unknown') && endpoints.length > 0;

const shareAddress = (a: Reachability | undefined, b: Reachability | undefined): boolean =>
  a !== undefined && b !== undefined && a.addresses.some((address) => b.addresses.includes(address));

const shareFamily = (a: Reachability, b: Reachability): boolean =>
  a.endpoints.some((one) => b.endpoints.some((other) => one.startsWith('[') === other.startsWith('[')));

function isBusy({ paths }: LiveState, nodeId: string): boolean {
  let trying = 0;
  let proven = 0;
  paths.get(nodeId)?.forEach(({ phase }: PathState) => {
    if (phase === 'trying') trying++;
    if (phase === 'proven') proven++;
  });
  return trying >= MOST_TRIALS || proven >= MOST_PROVEN;
}
