import type { CarriedMember, FilterResource, Resource } from '#contracts/node-stream.js';
import type { MemberSignature } from '#contracts/membership-lock.js';
import type { MemberSigned, NodeState } from '#topology/network-state.js';
import type { Landscape } from './landscape.js';
import { covering, familyOf } from '../prefix-lists.js';
import { signatureOf } from '../resources.js';

/** A prefix that a node reaches through a peer. */
export interface Reach {
  nodeId: string;
  prefix: string;
  /** Whether packets for it are routed into the tunnel; else they are only accepted from there. */
  routed: boolean;
  /** What an operator signed of whoever has the prefix. */
  member?: CarriedMember;
}

/** What one noun (a gateway's kind, a link, a model…) adds to the set of a node. */
export interface Contribution {
  reach?: Reach[];
  resources?: Resource[];
  /** The node forwards for others. */
  forward?: true;
}

/** Rules 6 to 12 of docs/planner.md, one function each. `viewer` is an enabled node. */
export type Rule = (around: Landscape, viewer: NodeState) => Contribution[];

export const EVERYTHING = ['0.0.0.0/0', '::/0'] as const;

/** Prefixes behind a peer, with routes to them. */
export const through = (nodeId: string, prefixes: readonly string[]): Reach[] =>
  prefixes.map((prefix) => ({ nodeId, prefix, routed: true }));

/** Prefixes that are accepted from a peer, and sent to it where another route leads there already. */
export const from = (nodeId: string, prefixes: readonly string[], member?: CarriedMember): Reach[] =>
  prefixes.map((prefix) => ({ nodeId, prefix, routed: false, ...(member && { member }) }));

/** Whoever has addresses of the mesh behind a node, as it was signed; undefined: it was not. */
export const carried = (
  member: Omit<CarriedMember, keyof MemberSignature>,
  signed: MemberSigned | undefined,
): CarriedMember | undefined => signed && { ...member, ...signatureOf(signed) };

export interface Crossing {
  sources: readonly string[];
  destinations: readonly string[];
}

export const accept = (id: string, crossing: Crossing): FilterResource[] => filter('accept', id, crossing);
export const drop = (id: string, crossing: Crossing): FilterResource[] => filter('drop', id, crossing);

export function masquerade(id: string, crossing: Crossing): Resource[] {
  return comparable(crossing).map((lists) => ({ name: `nat/${id}`, kind: 'masquerade', ...lists }));
}

function filter(verdict: FilterResource['verdict'], id: string, crossing: Crossing): FilterResource[] {
  return comparable(crossing).map((lists) => ({ name: `filter/${id}`, verdict, ...lists }));
}

/** Both lists without what no packet can fit: families that only one of them has. None when nothing is left. */
function comparable({ sources, destinations }: Crossing): { sources: string[]; destinations: string[] }[] {
  const common = ([4, 6] as const).filter((family) =>
    [sources, destinations].every((list) => list.some((prefix) => familyOf(prefix) === family)),
  );
  if (common.length === 0) return [];
  const fitting = (list: readonly string[]) => covering(list.filter((prefix) => common.includes(familyOf(prefix))));
  return [{ sources: fitting(sources), destinations: fitting(destinations) }];
}
