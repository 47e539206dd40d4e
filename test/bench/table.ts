import type { Machine } from './machine.js';
import type { CpuSeconds } from './mesh/cpu-meter.js';
import type { LogResult, Measured, MeshResult, PlannerResult, Results } from './results.js';

const BEGIN = /<!-- bench:begin.*?-->\n/s;
const END = '<!-- bench:end -->';

/** @returns the README with its table made anew @throws Error when a mark is missing */
export function withTable(readme: string, results: Results): string {
  const begin = BEGIN.exec(readme);
  const end = readme.indexOf(END);
  if (!begin || end < begin.index) throw new Error('README.md has lost the marks of its table: bench:begin, bench:end');
  return readme.slice(0, begin.index) + begin[0] + benchTable(results) + readme.slice(end);
}

/** Markdown, as Prettier would leave it. */
export function benchTable({ meshes, log, planner }: Results): string {
  const machine = (meshes.at(-1) ?? log ?? planner)?.machine;
  if (!machine) return '\n_Nothing measured yet: `npm run bench`._\n\n';
  const parts = [
    meshes.length > 0 ? table(meshRows(meshes)) : '',
    log ? table(logRows(log)) : '',
    planner ? table(plannerRows(planner)) : '',
    place(
      machine,
      [...meshes, log, planner].flatMap((each) => each?.machine ?? []),
    ),
  ];
  return `\n${parts.filter(Boolean).join('\n')}\n`;
}

function meshRows(meshes: (MeshResult & Measured)[]): string[][] {
  const row = (name: string, cell: (mesh: MeshResult) => string) => [name, ...meshes.map(cell)];
  const restart = (signal: string) =>
    row(`all restarted after ${signal} → API ready / first join published`, ({ restarts }) => {
      const found = restarts.find((each) => each.signal === signal);
      return found ? `${seconds(found.readyMs)} / ${seconds(found.publishedMs)} s` : '–';
    });
  return [
    row('one network, a full mesh', ({ nodes }) => `${nodes.toLocaleString('en')} nodes`),
    row(
      'join → last agent has the peer, idle: p50 / p99 / max',
      ({ join: { ms } }) => `${ms.p50} / ${ms.p99} / ${ms.max} ms`,
    ),
    row('joins measured', ({ join }) => String(join.joins)),
    row('messages per join', ({ traffic }) => String(traffic.messagesPerJoin)),
    row('bytes per recipient, as delivered', ({ traffic }) => `${Math.round(traffic.bytesPerRecipient.delivered)}`),
    row('CPU per join: services / PostgreSQL / NATS / generator', ({ join }) => `${cpu(join.cpuSecondsPerJoin)} ms`),
    row(`${meshes[0]?.burst.joins ?? 0} joins at once → all agents have all`, ({ burst }) => `${burst.seconds} s`),
    restart('SIGTERM'),
    restart('SIGKILL'),
  ];
}

function logRows({ log }: LogResult): string[][] {
  const rate = (perSecond: number) => `${perSecond.toLocaleString('en')} /s`;
  return [
    ['the log of one network, fsync on', ''],
    [`enrolments, ${log.concurrency} under way`, rate(log.commandsPerSecond)],
    ['enrolments, one by one', `${rate(log.oneByOne.commandsPerSecond)}, p99 ${log.oneByOne.acknowledged.p99} ms`],
    ['facts replayed / verified', `${rate(log.replayFactsPerSecond)} / ${rate(log.verifyFactsPerSecond)}`],
    [`start from a snapshot of ${log.facts.toLocaleString('en')} facts`, `${Math.round(log.startFromSnapshotMs)} ms`],
  ];
}

function plannerRows({ planner }: PlannerResult): string[][] {
  const row = (name: string, cell: (size: PlannerResult['planner'][number]) => string) => [name, ...planner.map(cell)];
  return [
    row('the planner alone', ({ nodes }) => `${nodes.toLocaleString('en')} nodes`),
    row('one join', ({ oneJoin }) => `${oneJoin.planChange.p50} ms`),
    row('200 joins together', ({ burstOf200 }) => `${Math.round(burstOf200.planChange)} ms`),
    row('default policy allow → deny', ({ policyFlip }) => (policyFlip ? `${seconds(policyFlip.planChange)} s` : '–')),
  ];
}

function table([head = [], ...rows]: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |\n`;
  return line(head) + line(head.map((_, n) => (n === 0 ? '---' : '---:'))) + rows.map(line).join('');
}

function place(machine: Machine, all: Machine[]): string {
  const { cpu: model, cores, coresOfMachine, memoryGb, node, postgres, nats } = machine;
  const commits = [...new Set(all.map(({ commit }) => commit))].join(', ');
  const days = [...new Set(all.map(({ measuredAt }) => measuredAt.slice(0, 10)))].sort();
  const loads = all.map(({ loadBefore }) => loadBefore);
  return (
    `${cores} of ${coresOfMachine} cores (${model}, ${memoryGb} GB) for all of it, generator included; Node ${node}, PostgreSQL ${postgres}, ` +
    `nats-server ${nats}; commit ${commits}; ${[days[0], days.at(-1)].filter((day, n, both) => both.indexOf(day) === n).join(' to ')}; the machine's load before, ${Math.min(...loads)} to ${Math.max(...loads)}. ` +
    'Made by `npm run bench`; what is measured and how: [docs/performance.md](docs/performance.md).\n'
  );
}

const seconds = (ms: number) => (ms / 1_000).toFixed(1);

const cpu = ({ standalone, postgres, nats, generator }: CpuSeconds) =>
  [standalone, postgres, nats, generator].map((each) => Math.round(each * 1_000)).join(' / ');
