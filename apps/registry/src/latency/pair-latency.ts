import type { LinkLatency } from '#contracts/relay-commands.js';
import type { LiveState } from '#planner/members.js';
import { choosePath, type PairPath } from '#planner/paths/choose-path.js';
import { inField } from '#topology/fields.js';
import type { NodeState } from '#topology/network-state.js';
import type { Page } from '../http/paging.js';
import { findNode, nodesByName } from '../nodes/find-node.js';
import { nodeReference } from '../nodes/node-reference.js';
import type { LatencyQuery, PairLatencyDto } from './latency.dto.js';
import { type NodePair, nodePairs } from './node-pairs.js';

/** A pair with its way: the nodes from one end to the other, relays included. */
export interface RoutedPair {
  pair: NodePair;
  path: PairPath;
  /** Node ids. */
  way: string[];
}

type Hop = [string, string];

/** What is known of a link; undefined and null: nothing. */
export type LinkBetween = (a: string, b: string) => LinkLatency | null | undefined;

/** One page of the pairs that are asked for, each with its way. @throws Refusal `not_found` for a node that is named and not there */
export function routedPairs(state: LiveState, query: LatencyQuery): Page<RoutedPair> {
  const only = query.node === undefined ? undefined : inField('node', () => findNode(state, query.node!));
  const { items, nextCursor } = nodePairs(candidates(state, query.among), query, only);
  return { items: items.map((pair) => routed(state, pair)), nextCursor };
}

function candidates(state: LiveState, among: string[] | undefined): readonly NodeState[] {
  const named = among && new Set(among.map((name) => inField('among', () => findNode(state, name))));
  return nodesByName(state).filter((node) => node.enabled && (!named || named.has(node)));
}

function routed(state: LiveState, pair: NodePair): RoutedPair {
  const path = choosePath(state, ...pair);
  const relays = path.kind === 'relayed' ? path.relays : [];
  return { pair, path, way: [pair[0].nodeId, ...relays, pair[1].nodeId] };
}

/** Hops of the way, one after the other; just one where there is no relay. */
export const hopsOf = ({ way }: RoutedPair): Hop[] =>
  way.slice(1).flatMap((to, index): Hop[] => (way[index] === to ? [] : [[way[index]!, to]]));

/** The time of a pair is its own; where it goes through relays, nobody measures it, and it is that of its hops together. */
export function pairLatency(state: LiveState, routedPair: RoutedPair, link: LinkBetween): PairLatencyDto {
  const { pair, path, way } = routedPair;
  const [a, b] = [pair[0].nodeId, pair[1].nodeId];
  return {
    a: nodeReference(state, a),
    b: nodeReference(state, b),
    path: path.kind,
    via: way.slice(1, -1).map((id) => nodeReference(state, id)),
    ...toldOf(linkOf(routedPair, link)),
    byHops: path.kind === 'relayed',
  };
}

/** What is known of the way of a pair: of all its hops together. */
export const linkOf = (routedPair: RoutedPair, link: LinkBetween): Known =>
  together(hopsOf(routedPair).map(([from, to]) => link(from, to) ?? null));

const toldOf = ({ link, rtt, heardAt }: Known) => ({ link, rtt, heardAt });

export interface Known extends Pick<PairLatencyDto, 'link' | 'rtt' | 'heardAt'> {
  /** The newest handshake, of several hops that which was first. */
  handshakeAt: string | null;
}

const UNKNOWN: Known = { link: 'unknown', rtt: null, heardAt: null, handshakeAt: null };

/** One that does not answer is enough; the news is as old as that of the hop that was heard first. */
function together(hops: readonly (LinkLatency | null)[]): Known {
  const known = hops.filter((hop) => hop !== null);
  const dead = known.find(({ link }) => link === 'unanswered');
  if (dead) return dead;
  if (known.length < hops.length) return UNKNOWN;
  const rtt = known.reduce<number | null>((sum, hop) => (sum === null || hop.rtt === null ? null : sum + hop.rtt), 0);
  const first = (times: (string | null)[]) => (times.includes(null) ? null : (times.sort()[0] ?? null));
  return {
    link: 'up',
    rtt,
    heardAt: first(known.map(({ heardAt }) => heardAt)),
    handshakeAt: first(known.map(({ handshakeAt }) => handshakeAt)),
  };
}
