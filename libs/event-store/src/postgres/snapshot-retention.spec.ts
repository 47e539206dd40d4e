import fc from 'fast-check';
import { snapshotsToDrop } from './snapshot-retention.js';

test.each([
  ['the only one', [7], []],
  ['a pair', [7, 9], []],
  ['four in one span', [90, 80, 75, 70, 99], [75]],
])('%s', (_, versions, dropped) => {
  expect(snapshotsToDrop(versions).sort((a, b) => a - b)).toEqual(dropped);
});

test('saved one after another they stay few, and none is further from its time than the time is from now', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 300 }), (steps) => {
      let kept: number[] = [];
      let version = 0;
      for (const step of steps) {
        version += step;
        kept.push(version);
        const drop = new Set(snapshotsToDrop(kept));
        kept = kept.filter((each) => !drop.has(each));
      }
      expect(kept).toContain(version);
      expect(kept.length).toBeLessThanOrEqual(2 * Math.log2(version) + 3);
      const first = steps[0]!;
      for (let wanted = first; wanted <= version; wanted += 997) {
        const from = Math.max(...kept.filter((each) => each <= wanted), 0);
        expect(wanted - from).toBeLessThanOrEqual(Math.max(4 * (version - wanted), 3000));
      }
    }),
  );
});
