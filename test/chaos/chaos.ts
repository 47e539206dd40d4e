import { parseArgs } from 'node:util';
import { ChaosPlane } from './chaos-plane.js';
import type { ChaosResult } from '../bench/campaign-table.js';
import { keepResult } from '../bench/kept-results.js';
import { summary } from '../bench/summary.js';
import { whatNamespacesLack } from '../support/namespaces.js';
import { type Report, runSchedule } from './schedule.js';

/**
 * `npm run chaos -- [--schedules N] [--seed S] [--seconds T] [--agents A] [--keep]`: N schedules of load and faults, of seeds S, S+1, …, on one
 * control plane with two replicas of everything and three NATS servers, with A real agents in namespaces beside the simulated ones, where
 * this machine can have them. One line each; ends with 1 at the first that fails, with the seed to repeat it.
 */
const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '10' },
    agents: { type: 'string', default: '3' },
    keep: { type: 'boolean', default: false },
  },
});
const { keep, ...numbers } = values;
const { schedules, seed, seconds, agents } = Object.fromEntries(
  Object.entries(numbers).map(([name, text]) => {
    const number = Number(text);
    const least = name === 'agents' ? 0 : 1;
    if (!Number.isInteger(number) || number < least) {
      process.stderr.write(`chaos: --${name} takes a whole number from ${least} on, not ${text}\n`);
      process.exit(2);
    }
    return [name, number];
  }),
) as Record<keyof typeof numbers, number>;

const missing = agents > 0 ? whatNamespacesLack() : undefined;
if (missing) process.stdout.write(`real agents: skipped (${missing})\n`);
const realAgents = missing ? 0 : agents;
const chaos = await ChaosPlane.start();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void chaos.end({ remove: true }).then(() => process.exit(1)));
const reports: Report[] = [];
for (let n = 0; n < schedules; n++) {
  const current = seed + n;
  try {
    const report = await runSchedule(chaos, { seed: current, seconds, realAgents });
    reports.push(report);
    // Each time: a long run may be ended before it ends.
    if (keep) await keepResult('chaos', summaryOf(reports));
    const { acknowledged, refused, ingested, rejected, facts, faults, settledMs } = report;
    process.stdout.write(
      `seed ${current}: ok, ${realAgents} real agents, ${acknowledged} writes acknowledged, ${refused} refused, ${ingested} commands of a source done, ` +
        `${rejected} rejected, ${facts} facts, ` +
        `${faults.length} faults (${tally(faults)}), all as promised ${settledMs} ms after the last\n`,
    );
  } catch (error) {
    process.stdout.write(
      `seed ${current}: FAILED\n${(error as Error).message}\n` +
        `again: npm run chaos -- --schedules 1 --seed ${current} --seconds ${seconds} --agents ${agents}\nlogs and data: ${chaos.plane.dir}/data\n`,
    );
    await chaos.end({ remove: false });
    process.exit(1);
  }
}
await chaos.end({ remove: true });
process.exit(0);

function summaryOf(all: Report[]): ChaosResult {
  const sum = (of: (report: Report) => number) => all.reduce((total, report) => total + of(report), 0);
  return {
    firstSeed: seed,
    schedules: all.length,
    seconds,
    realAgents,
    acknowledged: sum(({ acknowledged }) => acknowledged),
    refused: sum(({ refused }) => refused),
    ingested: sum(({ ingested }) => ingested),
    rejected: sum(({ rejected }) => rejected),
    facts: sum(({ facts }) => facts),
    faults: Object.fromEntries(counted(all.flatMap(({ faults }) => faults))),
    settled: summary(all.map(({ settledMs }) => settledMs)),
  };
}

function tally(faults: string[]): string {
  return [...counted(faults)].map(([fault, count]) => (count > 1 ? `${count} × ${fault}` : fault)).join(', ');
}

function counted(faults: string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const fault of faults) counts.set(fault, (counts.get(fault) ?? 0) + 1);
  return counts;
}
