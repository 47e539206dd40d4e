import fc from 'fast-check';
import { adviseEtcd, etcdLimits, type MeasuredPair } from './etcd-advice.js';

const nodes = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);

/** Round-trip times between up to nine nodes, some pairs without. Whole numbers: sums are exact whatever their order. */
const measured = fc
  .record({
    count: fc.integer({ min: 1, max: 9 }),
    rtts: fc.array(fc.option(fc.integer({ min: 0, max: 12 }), { freq: 5 }), { minLength: 36, maxLength: 36 }),
  })
  .map(({ count, rtts }) =>
    pairsOf(nodes(count)).flatMap(([a, b], i) => (typeof rtts[i] === 'number' ? [{ a, b, rtt: rtts[i] }] : [])),
  );

function pairsOf(names: readonly string[]): [string, string][] {
  return names.flatMap((a, index) => names.slice(index + 1).map((b): [string, string] => [a, b]));
}

function subsets(names: readonly string[], size: number): string[][] {
  if (size === 0) return [[]];
  return names.flatMap((name, index) => subsets(names.slice(index + 1), size - 1).map((rest) => [name, ...rest]));
}

/** Every set, one after the other. */
function byBruteForce(pairs: MeasuredPair[], members: number, choices: number) {
  const rtt = (a: string, b: string) =>
    pairs.find((pair) => [pair.a, pair.b].sort().join() === [a, b].sort().join())?.rtt;
  const known = [...new Set(pairs.flatMap(({ a, b }) => [a, b]))].sort();
  const sets = subsets(known, members).flatMap((set) => {
    const times = pairsOf(set).map(([a, b]) => rtt(a, b));
    const all = times.filter((time) => time !== undefined);
    return all.length < times.length ? [] : [{ set, worst: Math.max(0, ...all), sum: all.reduce((x, y) => x + y, 0) }];
  });
  sets.sort((a, b) => a.worst - b.worst || a.sum - b.sum || (a.set.join(' ') < b.set.join(' ') ? -1 : 1));
  return sets.slice(0, choices).map(({ set, worst }) => ({ members: set, worst }));
}

test('names the sets that looking at every set names', () => {
  fc.assert(
    fc.property(measured, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 }), (pairs, members, choices) => {
      const { sets, exact } = adviseEtcd({ pairs, members, choices });
      expect(exact).toBe(true);
      expect(sets.map((set) => ({ members: set.members, worst: set.worst?.rtt ?? 0 }))).toEqual(
        byBruteForce(pairs, members, choices),
      );
    }),
    { numRuns: 500 },
  );
});

test('the order and the direction of what was measured say nothing', () => {
  const shuffled = measured.chain((pairs) =>
    fc.tuple(
      fc.constant(pairs),
      fc.shuffledSubarray(pairs, { minLength: pairs.length, maxLength: pairs.length }),
      fc.infiniteStream(fc.boolean()),
    ),
  );
  fc.assert(
    fc.property(shuffled, ([pairs, others, turns]) => {
      const turned = others.map(({ a, b, rtt }) => (turns.next().value ? { a: b, b: a, rtt } : { a, b, rtt }));
      const question = { members: 3, choices: 3 };
      expect(adviseEtcd({ pairs: turned, ...question })).toEqual(adviseEtcd({ pairs, ...question }));
    }),
  );
});

test('a search that is cut short says so, and its sets are real ones, no better than the best', () => {
  fc.assert(
    fc.property(measured, fc.integer({ min: 0, max: 20 }), (pairs, steps) => {
      const { sets, exact } = adviseEtcd({ pairs, members: 3, choices: 2, steps });
      const best = byBruteForce(pairs, 3, 2);
      const all = byBruteForce(pairs, 3, Infinity).map(({ members }) => members.join());
      if (exact) expect(sets.map(({ members }) => members)).toEqual(best.map(({ members }) => members));
      for (const [index, { members, worst }] of sets.entries()) {
        expect(all).toContain(members.join());
        expect(worst!.rtt).toBeGreaterThanOrEqual(best[index]!.worst);
      }
    }),
  );
});

/** Two hundred nodes, so many to a site; 1 ms within a site, 80 ms between two. */
function atSites(perSite: number): MeasuredPair[] {
  const site = (name: string) => Math.floor(Number(name.slice(1)) / perSite);
  return pairsOf(nodes(200)).map(([a, b]) => ({ a, b, rtt: site(a) === site(b) ? 1 : 80 }));
}

test('members share a site where one has room for them, and all sets of two hundred nodes are soon seen', () => {
  const { sets, exact } = adviseEtcd({ pairs: atSites(5), members: 5, choices: 2 });
  expect(exact).toBe(true);
  expect(sets.map(({ members, worst }) => [members, worst?.rtt])).toEqual([
    [['n0', 'n1', 'n2', 'n3', 'n4'], 1],
    [['n10', 'n11', 'n12', 'n13', 'n14'], 1],
  ]);
});

test('where no site has room, and sets that are alike are too many to see, the answer is still a good one', () => {
  const { sets, exact } = adviseEtcd({ pairs: atSites(4), members: 5, choices: 1, steps: 100_000 });
  expect(exact).toBe(false);
  expect(sets[0]).toMatchObject({ worst: { rtt: 80 }, limits: { fits: 'default' } });
});

test.each([
  [0.4, { fits: 'default', heartbeatMs: 100, electionMs: 1_000 }],
  [100, { fits: 'default', heartbeatMs: 100, electionMs: 1_000 }],
  [100.1, { fits: 'tuned', heartbeatMs: 110, electionMs: 1_100 }],
  [130, { fits: 'tuned', heartbeatMs: 130, electionMs: 1_300 }],
  [5_000, { fits: 'tuned', heartbeatMs: 5_000, electionMs: 50_000 }],
  [5_001, { fits: 'too far', heartbeatMs: 5_010, electionMs: 50_100 }],
])('etcd whose farthest members are %d ms apart', (worst, limits) => {
  expect(etcdLimits(worst)).toEqual(limits);
});
