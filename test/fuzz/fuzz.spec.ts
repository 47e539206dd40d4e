import fc from 'fast-check';
import { campaign, fuzz, type FuzzTarget } from './fuzz-target.js';
import { targets } from './targets.js';

/** The bounded part of `npm run fuzz`: always the same inputs. */
test.each(targets.filter((target) => target.boundedRuns > 0).map((target) => [target.name, target] as const))(
  '%s: random and mutated inputs do no harm',
  async (_name, target) => {
    const { outcomes } = await fuzz(target, { runs: target.boundedRuns, seed: 20_261_121 });
    // All of them refused would prove little.
    expect(Object.keys(outcomes).length).toBeGreaterThan(2);
  },
  300_000,
);

test('an input that does harm is named, with the command that repeats it', async () => {
  const target: FuzzTarget = {
    name: 'fragile',
    boundedRuns: 1,
    open: async () =>
      campaign({
        inputs: fc.nat(),
        feed: (n) => {
          if (n % 7 === 3) throw new Error('broken');
        },
      }),
  };
  await expect(fuzz(target, { runs: 1_000, seed: 5 })).rejects.toThrow(
    /fragile after \d+ of 1000 inputs: Error: broken[^]*input: \d+\nagain: npm run fuzz -- --target fragile --runs 1000 --seed 5/,
  );
  await expect(fuzz(target, { runs: 1_000, seed: 5 })).rejects.toThrow();
});
