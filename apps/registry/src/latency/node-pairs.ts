import type { NodeState } from '#topology/network-state.js';
import { decodeCursor, encodeCursor, type Page, type PageRequest, DEFAULT_PAGE } from '../http/paging.js';

export type NodePair = readonly [NodeState, NodeState];

/**
 * One page of all pairs of these nodes, by the name of the first, then of the second; each pair once. Costs no more than
 * the page, however many pairs there are.
 * @param sorted by name
 * @param only pairs with this node
 * @throws Refusal `invalid` for a cursor of another list
 */
export function nodePairs(sorted: readonly NodeState[], request: PageRequest, only?: NodeState): Page<NodePair> {
  const limit = request.limit ?? DEFAULT_PAGE;
  const items: NodePair[] = [];
  for (const pair of following(sorted, request.cursor, only)) {
    // Names have no slash.
    if (items.length === limit) return { items, nextCursor: encodeCursor(items.at(-1)!.map(nameOf).join('/')) };
    items.push(pair);
  }
  return { items, nextCursor: null };
}

function* following(sorted: readonly NodeState[], cursor: string | undefined, only?: NodeState): Generator<NodePair> {
  const [afterA = '', afterB = ''] = cursor === undefined ? [] : decodeCursor(cursor).split('/');
  for (let i = firstFrom(sorted, afterA); i < sorted.length; i++) {
    const a = sorted[i]!;
    if (a === only || !only) {
      const start = a.name === afterA ? firstFrom(sorted, `${afterB}\0`) : i + 1;
      for (let j = Math.max(start, i + 1); j < sorted.length; j++) yield [a, sorted[j]!];
    } else if (a.name < only.name && !(a.name === afterA && only.name <= afterB)) yield [a, only];
  }
}

/** Index of the first whose name is not before this text. */
function firstFrom(sorted: readonly NodeState[], text: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]!.name < text) low = middle + 1;
    else high = middle;
  }
  return low;
}

const nameOf = ({ name }: NodeState) => name;
