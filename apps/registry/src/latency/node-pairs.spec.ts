import fc from 'fast-check';
import type { NodeState } from '#topology/network-state.js';
import { nodePairs } from './node-pairs.js';

const named = (name: string) => ({ nodeId: name, name }) as NodeState;
const NAMES = fc.uniqueArray(fc.stringMatching(/^[ab](-?[0-9]){0,2}$/), { maxLength: 7 }).map((names) => names.sort());

/** Name by name, all there are. */
function walk(names: string[], limit: number, only?: string): string[] {
  const nodes = names.map(named);
  const node = nodes.find(({ name }) => name === only);
  const seen: string[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = nodePairs(nodes, { limit, cursor }, node);
    seen.push(...page.items.map(([a, b]) => `${a.name} ${b.name}`));
    if (page.nextCursor === null) return seen;
    expect(page.items).toHaveLength(limit);
    cursor = page.nextCursor;
  }
}

test('page by page, every pair comes once, in order', () => {
  fc.assert(
    fc.property(NAMES, fc.integer({ min: 1, max: 5 }), (names, limit) => {
      const all = names.flatMap((a, index) => names.slice(index + 1).map((b) => `${a} ${b}`));
      expect(walk(names, limit)).toEqual(all);
      for (const only of names)
        expect(walk(names, limit, only)).toEqual(all.filter((pair) => pair.split(' ').includes(only)));
    }),
  );
});

test('a node that went between two pages takes its pairs along, and no others', () => {
  const nodes = ['a', 'b', 'c', 'd'].map(named);
  const { nextCursor } = nodePairs(nodes, { limit: 2 });
  const [, , ...left] = nodes;
  const rest = nodePairs([nodes[0]!, ...left], { cursor: nextCursor! });
  expect(rest.items.map(([a, b]) => a.name + b.name)).toEqual(['ad', 'cd']);
  expect(nodePairs(left, { cursor: nextCursor! }).items.map(([a, b]) => a.name + b.name)).toEqual(['cd']);
});
