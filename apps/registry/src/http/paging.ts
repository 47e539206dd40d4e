import { Refusal } from '#contracts/errors.js';

export const DEFAULT_PAGE = 100;
export const MAX_PAGE = 1_000;

export interface Page<Item> {
  items: Item[];
  /** Give it back as `cursor` for what follows; null at the end. */
  nextCursor: string | null;
}

export interface PageRequest {
  limit?: number | undefined;
  cursor?: string | undefined;
}

/**
 * Cuts one page out of items sorted by `keyOf`. The cursor names the last item given, not a position, so items that come
 * and go between two pages neither repeat nor hide others.
 */
export function pageOf<Item>(sorted: readonly Item[], request: PageRequest, keyOf: (item: Item) => string): Page<Item> {
  const limit = request.limit ?? DEFAULT_PAGE;
  const after = request.cursor === undefined ? undefined : decodeCursor(request.cursor);
  const start = after === undefined ? 0 : firstAfter(sorted, after, keyOf);
  const items = sorted.slice(start, start + limit);
  const more = start + limit < sorted.length;
  return { items, nextCursor: more ? encodeCursor(keyOf(items.at(-1)!)) : null };
}

/** One page of things in the order of a text each has of its own: a name, or a UUIDv7, whose order is that of creation. */
export function pageBy<Key extends string, Item extends Record<Key, string>>(
  key: Key,
  items: Iterable<Item>,
  request: PageRequest,
): Page<Item> {
  const sorted = [...items].sort((a, b) => (a[key] < b[key] ? -1 : 1));
  return pageOf(sorted, request, (item) => item[key]);
}

function firstAfter<Item>(sorted: readonly Item[], after: string, keyOf: (item: Item) => string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keyOf(sorted[middle]!) <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** An opaque text for where a page ended. */
export const encodeCursor = (key: string) => Buffer.from(`v1:${key}`).toString('base64url');

/** @throws Refusal invalid */
export function decodeCursor(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (text.startsWith('v1:')) return text.slice(3);
  const message = 'must be a nextCursor of this list';
  throw new Refusal('invalid', `cursor ${message}.`, [{ field: 'cursor', message }]);
}
