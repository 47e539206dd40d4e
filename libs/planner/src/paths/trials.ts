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

/**
 * The way that two nodes without a direct path should try next at a time (ISO 8601 UTC); undefined: none, or not now.
 * After a failure the next way that is possible, in the order LAN, public, punched, and again from the first.
 */
export function nextTrial(state: LiveState, a: NodeState, b: NodeState, now: string): DirectPath | undefined {
  if (!a.enabled || !b.enabled || directPath(state, a, b)) return undefined;
  const known = pathBetween(state, a.nodeId, b.nodeId);
  if (known?.phase === 'trying') return undefined;
  if (known?.retryAt && Date.parse(now) < Date.parse(known.retryAt)) return undefined;
  if (isBusy(state, a.nodeId) || isBusy(state, b.nodeId)) return undefined;
  const ways = possibleWays(state, a, b);
  return ways[known ? (ways.indexOf(known.over) + 1) % ways.length : 0];
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
