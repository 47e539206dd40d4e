import { segment } from '../arguments.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import type { NodeReference } from '../gateways/gateway.view.js';
import type { ApiClient } from '../server/api-client.js';

/** A pair of nodes as the API tells it; the name of `a` is before that of `b`. */
export interface PairLatency {
  a: NodeReference;
  b: NodeReference;
  path: 'lan' | 'public' | 'punched' | 'relayed' | 'none';
  via: NodeReference[];
  link: 'up' | 'unanswered' | 'unknown';
  /** Milliseconds. */
  rtt: number | null;
  /** Not of the pair itself, but of its hops by way of relays together. */
  byHops: boolean;
  heardAt: string | null;
}

/** Which pairs: those with one node, those among some, all. */
export interface WhichPairs {
  node?: string | undefined;
  among?: string[] | undefined;
}

/** All pairs of so many nodes are 19,900: a few seconds, and more than anybody reads. */
export const MOST_NODES = 200;

/** How far they are from each other. @throws CommandFailed for all pairs of a network that has too many */
export const pairsOf = (api: ApiClient, network: string, which: WhichPairs): Promise<PairLatency[]> =>
  listPairs<PairLatency>(api, { network, list: 'latency', which });

interface PairList {
  network: string;
  /** Last part of the list's address. */
  list: 'latency' | 'paths';
  which: WhichPairs;
}

/** @throws CommandFailed for all pairs of a network that has too many */
export async function listPairs<Pair>(api: ApiClient, { network, list, which }: PairList): Promise<Pair[]> {
  const { node, among } = which;
  const path = `/networks/${segment(network)}`;
  if (node === undefined && among === undefined) await refuseTooMany(api, path);
  const query = new URLSearchParams({
    ...(node !== undefined && { node }),
    ...(among !== undefined && { among: among.join(',') }),
  });
  return api.list<Pair>(`${path}/${list}?${query}`);
}

async function refuseTooMany(api: ApiClient, path: string): Promise<void> {
  const { items, nextCursor } = await api.get<{ items: unknown[]; nextCursor: string | null }>(
    `${path}/nodes?limit=${MOST_NODES}`,
  );
  if (nextCursor !== null)
    throw new CommandFailed(
      EXIT.refused,
      `the network has more than ${items.length} nodes, too many to look at all pairs: say which nodes`,
    );
}

/** `public`, `relayed via r1, r2`. */
export const pathText = ({ path, via }: PairLatency): string =>
  via.length === 0 ? path : `${path} via ${via.map(({ name }) => name).join(', ')}`;

/** `12.5 ms`; `~` where it is the sum of hops. */
export const rttText = ({ rtt, byHops }: Pick<PairLatency, 'rtt' | 'byHops'>): string =>
  rtt === null ? '-' : `${byHops ? '~' : ''}${milliseconds(rtt)}`;

export const milliseconds = (rtt: number): string => `${Number(rtt.toFixed(1))} ms`;
