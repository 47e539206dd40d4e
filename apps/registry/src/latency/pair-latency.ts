import type { LinkLatency } from '#contracts/relay-commands.js';
import type { LiveState } from '#planner/members.js';
import { choosePath } from '#planner/paths/choose-path.js';
import { nodeReference } from '../nodes/node-reference.js';
import type { PairLatencyDto } from './latency.dto.js';
import type { NodePair } from './node-pairs.js';

/** A pair with its way: the nodes from one end to the other, relays included. */
export interface RoutedPair {
  pair: NodePair;
  path: PairLatencyDto['path'];
  /** Node ids. */
  way: string[];
}

type Hop = [string, string];

/** What is known of a link; undefined and null: nothing. */
export type LinkBetween = (a: string, b: string) => LinkLatency | null | undefined;

export function routed(state: LiveState, pair: NodePair): RoutedPair {
  const path = choosePath(state, ...pair);
  const relays = path.kind === 'relayed' ? path.relays : [];
  return { pair, path: path.kind, way: [pair[0].nodeId, ...relays, pair[1].nodeId] };
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
    path,
    via: way.slice(1, -1).map((id) => nodeReference(state, id)),
    ...(path === 'relayed'
      ? { ...together(hopsOf(routedPair).map(([from, to]) => link(from, to) ?? null)), byHops: true }
      : { ...(link(a, b) ?? UNKNOWN), byHops: false }),
  };
}

type Known = Pick<PairLatencyDto, 'link' | 'rtt' | 'heardAt'>;

const UNKNOWN: Known = { link: 'unknown', rtt: null, heardAt: null };

/** One that does not answer is enough; the news is as old as that of the hop that was heard first. */
function together(hops: readonly (LinkLatency | null)[]): Known {
  const known = hops.filter((hop) => hop !== null);
  const dead = known.find(({ link }) => link === 'unanswered');
  if (dead) return dead;
  if (known.length < hops.length) return UNKNOWN;
  const rtt = known.reduce<number | null>((sum, hop) => (sum === null || hop.rtt === null ? null : sum + hop.rtt), 0);
  return { link: 'up', rtt, heardAt: known.map(({ heardAt }) => heardAt).sort()[0] ?? null };
}
