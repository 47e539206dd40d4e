import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { keepResult } from '../bench/kept-results.js';
import { FAULTS_OF } from './worlds.js';

/**
 * What `npm run simulate` runs: `main.js [--schedules N] [--seed S] [--of nodes|all|packets|relayed] [--keep]`: schedules, or networks, of seeds S, S+1, …, on all processors.
 * Ends with 1 when one fails, and prints its seed and what went wrong.
 */
const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    of: { type: 'string', default: 'all' },
    keep: { type: 'boolean', default: false },
    /** In this process; a line for each that fails. */
    alone: { type: 'boolean', default: false },
  },
});
const [schedules, seed] = [Number(values.schedules), Number(values.seed)];
const faultsOf = FAULTS_OF[values.of];
if (!Number.isInteger(schedules) || schedules < 1 || !Number.isInteger(seed) || !faultsOf) {
  process.stderr.write(`simulate: --schedules N --seed S --of ${Object.keys(FAULTS_OF).join('|')} [--keep]\n`);
  process.exit(2);
}
if (values.alone) await simulate(faultsOf);
else await share();

async function simulate(faultsOf: (seed: number) => Promise<string[]>): Promise<void> {
  for (let current = seed; current < seed + schedules; current++) {
    const faults = await faultsOf(current);
    if (faults.length > 0) process.stdout.write(`${JSON.stringify({ seed: current, faults })}\n`);
  }
}

async function share(): Promise<void> {
  const began = performance.now();
  const shares = Math.min(availableParallelism(), schedules);
  const each = Math.ceil(schedules / shares);
  const failed = await Promise.all(
    Array.from({ length: shares }, (_, i) => {
      const count = Math.min(each, schedules - i * each);
      return count > 0 ? outcomeOf(startShare(seed + i * each, count)) : 0;
    }),
  );
  const failures = failed.reduce((sum, one) => sum + one, 0);
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const result = { of: values.of, schedules, seed, seconds, processes: shares, failures };
  process.stdout.write(
    `${schedules} schedules of ${values.of}, seeds from ${seed}: ${failures} failed, ${seconds} s, ` +
      `${Math.round((schedules / seconds) * 60)} a minute on ${shares} processors\n`,
  );
  if (values.keep) await keepResult(`simulation-${values.of}`, result);
  if (failures > 0) process.exitCode = 1;
}

function startShare(from: number, count: number): ChildProcess {
  const flags = ['--alone', '--of', values.of, '--seed', String(from), '--schedules', String(count)];
  return spawn(process.execPath, [fileURLToPath(import.meta.url), ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Prints those that failed. @returns how many; one that ended otherwise is one more */
async function outcomeOf(child: ChildProcess): Promise<number> {
  const ended = once(child, 'exit') as Promise<[number | null]>;
  let failures = 0;
  for await (const line of createInterface({ input: child.stdout! })) {
    const { seed, faults } = JSON.parse(line) as { seed: number; faults: string[] };
    failures += 1;
    process.stdout.write(
      `seed ${seed}: FAILED\n${faults.slice(0, 5).join('\n')}\n` +
        `again: npm run simulate -- --schedules 1 --seed ${seed} --of ${values.of}\n`,
    );
  }
  const [code] = await ended;
  return failures + (code === 0 ? 0 : 1);
}
