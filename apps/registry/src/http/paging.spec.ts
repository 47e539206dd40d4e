import fc from 'fast-check';
import { isRefusal } from '#contracts/errors.js';
import { pageOf } from './paging.js';

const same = (text: string) => text;

test('walking the pages gives every item once, in order, whatever the limit', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string()), fc.integer({ min: 1, max: 7 }), (texts, limit) => {
      const sorted = texts.sort();
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = pageOf(sorted, { limit, cursor }, same);
        expect(page.items.length).toBeLessThanOrEqual(limit);
        seen.push(...page.items);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect(seen).toEqual(sorted);
    }),
  );
});

test('an item that goes between two pages hides no other', () => {
  const first = pageOf(['a', 'b', 'c', 'd'], { limit: 2 }, same);
  expect(pageOf(['a', 'c', 'd'], { limit: 2, cursor: first.nextCursor! }, same)).toEqual({
    items: ['c', 'd'],
    nextCursor: null,
  });
});

test('a cursor that is not ours is refused and named', () => {
  const attempt = () => pageOf(['a'], { cursor: 'bm9uc2Vuc2U' }, same);
  expect(attempt).toThrow(
    expect.objectContaining({ code: 'invalid', errors: [expect.objectContaining({ field: 'cursor' })] }),
  );
  try {
    attempt();
  } catch (error) {
    expect(isRefusal(error)).toBe(true);
  }
});
