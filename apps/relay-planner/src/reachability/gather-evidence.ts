import { formatEndpoint } from '#ipam/endpoint-text.js';
import type { LiveState } from '#planner/members.js';
import { isCallable, offersPublic } from '#planner/paths/reach.js';
import type { NodeState } from '#topology/network-state.js';
import { pathBetween } from '#topology/relay-fold.js';
import type { ObservationBook } from '../observations/observation-book.js';
import type { Evidence } from './classify.js';

/** One pair that fails may have lost its own way to each other. */
const GIVEN_UP_BY = 2;

export interface Gathering {
  state: LiveState;
  book: ObservationBook;
  now: number;
  /** Whether a node was heard lately by the control plane. */
  isAlive(nodeId: string): boolean;
}

/**
 * What the observations say of one node. Those who share its site or its LAN, or have a path of their own with it, see it from
 * inside.
 */
export function gatherEvidence({ state, book, now, isAlive }: Gathering, node: NodeState): Evidence {
  const { nodeId } = node;
  const own = [
    ...book.ownEndpoints(nodeId),
    ...node.endpoints.map(({ address, port, kind }) => ({ text: formatEndpoint(address, port), kind })),
  ];
  const lan = new Set(own.filter(({ kind }) => kind === 'lan').map(({ text }) => text));
  const isOutside = (other: NodeState) =>
    (other.site === null || other.site !== node.site) && !pathBetween(state, nodeId, other.nodeId);
  const outside = book.linksTo(nodeId, now).filter(({ from, endpoint }) => {
    const other = state.nodes.get(from);
    return other?.enabled === true && isOutside(other) && !(endpoint !== null && lan.has(endpoint));
  });
  const isOpen = (id: string) => {
    const other = state.nodes.get(id);
    return other !== undefined && isCallable(state, other);
  };
  // Closed or not: it may have called there before, and then it has let the answer in.
  const mayHaveCalled = (id: string) => {
    const other = state.nodes.get(id);
    return other !== undefined && (isCallable(state, other) || offersPublic(state, other));
  };
  const sightings = outside.filter(({ link, endpoint, from }) => link === 'up' && endpoint !== null && isOpen(from));
  // One whom nobody answers says nothing of others.
  const canCall = (from: string) => book.linksFrom(from, now).some(({ link }) => link === 'up');
  const calls = book.linksFrom(nodeId, now).filter(({ nodeId: to }) => isOpen(to));
  return {
    offersPublic: offersPublic(state, node),
    own: new Set(own.map(({ text }) => text)),
    seen: new Map(sightings.map(({ from, endpoint }) => [from, endpoint ?? ''])),
    wasReached: outside.some(({ link, from }) => link === 'up' && !mayHaveCalled(from)),
    wasMissed:
      (isAlive(nodeId) && outside.some(({ link, from }) => link === 'unanswered' && canCall(from))) ||
      givenUp(state, nodeId).filter((from) => !isOpen(from) && canCall(from)).length >= GIVEN_UP_BY ||
      isKnownClosed(state, node),
    isUnheard: calls.length > 0 && calls.every(({ link }) => link === 'unanswered'),
  };
}

/** Those who called it where it is public and went over to a relay. */
const givenUp = ({ paths }: LiveState, nodeId: string): string[] =>
  [...(paths.get(nodeId)?.values() ?? [])]
    .filter(({ over, phase }) => over === 'public' && phase === 'failed')
    .map(({ a, b }) => (a === nodeId ? b : a));

/** Found closed where it still is: since then others do not call it there, so nobody misses it. */
function isKnownClosed({ reachability }: LiveState, { nodeId, endpoints }: NodeState): boolean {
  const known = reachability.get(nodeId);
  const offered = new Set(endpoints.map(({ address, port }) => formatEndpoint(address, port)));
  return known?.filtering === 'restricted' && known.endpoints.every((endpoint) => offered.has(endpoint));
}
