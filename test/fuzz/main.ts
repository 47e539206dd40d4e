import { parseArgs } from 'node:util';
import { keepResult } from '../bench/kept-results.js';
import { fuzz } from './fuzz-target.js';
import { targets } from './targets.js';

/** What `npm run fuzz` runs: `main.js [--runs N] [--seed S] [--target T]… [--keep]`. */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100000' },
    seed: { type: 'string' },
    target: { type: 'string', multiple: true },
    keep: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const chosen = targets.filter(({ name }) => values.target?.includes(name) ?? true);
if (!Number.isInteger(runs) || runs < 1 || !Number.isInteger(seed) || chosen.length === 0) {
  process.stderr.write(`fuzz: --runs N --seed S --target ${targets.map(({ name }) => name).join('|')}\n`);
  process.exit(2);
}

for (const target of chosen) {
  try {
    const result = await fuzz(target, { runs, seed });
    const { seconds, outcomes } = result;
    if (values.keep) await keepResult(`fuzz-${target.name}`, result);
    const told = Object.entries(outcomes)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([outcome, count]) => `${outcome}: ${count}`);
    process.stdout.write(`${target.name}: ${runs} inputs, seed ${seed}, ${seconds} s; ${told.join(', ')}\n`);
  } catch (error) {
    process.stdout.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
// Timers of services that were stopped in the middle of something.
process.exit();
