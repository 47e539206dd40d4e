import type { Machine } from './machine.js';
import type { CpuSeconds } from './mesh/cpu-meter.js';

export const NOTHING = '\n_Nothing measured yet: `npm run bench`._\n\n';

/** The first row is the head. As Prettier would leave it. */
export function table([head = [], ...rows]: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |\n`;
  return line(head) + line(head.map((_, n) => (n === 0 ? '---' : '---:'))) + rows.map(line).join('');
}

/** Where it was measured, and when. */
export function place(machine: Machine, all: Machine[]): string {
  const { cpu: model, cores, coresOfMachine, memoryGb, node, postgres, nats } = machine;
  const commits = [...new Set(all.map(({ commit }) => commit))].join(', ');
  const days = [...new Set(all.map(({ measuredAt }) => measuredAt.slice(0, 10)))].sort();
  const loads = all.map(({ loadBefore }) => loadBefore).sort((a, b) => a - b);
  return (
    `${cores} of ${coresOfMachine} cores (${model}, ${memoryGb} GB) for all of it, generator included; Node ${node}, PostgreSQL ${postgres}, ` +
    `nats-server ${nats}; commit ${commits}; ${span(days)}; the machine's load before, ${span(loads)}.`
  );
}

/** The first and the last, or the one there is. */
const span = (sorted: (string | number)[]) => [...new Set([sorted[0], sorted.at(-1)])].join(' to ');

export const seconds = (ms: number) => (ms / 1_000).toFixed(1);

export const cpu = ({ standalone, postgres, nats, generator }: CpuSeconds) =>
  [standalone, postgres, nats, generator].map((each) => Math.round(each * 1_000)).join(' / ');
