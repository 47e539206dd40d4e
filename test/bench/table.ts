import { cpu, NOTHING, place, seconds, table } from './markdown.js';
import {
  type FailoverResult,
  type LogResult,
  type Measured,
  type MeshResult,
  PATH_FAULTS,
  PATH_GOALS_MS,
  type PathFault,
  type PathsResult,
  type PlannerResult,
  type Results,
} from './results.js';
import { goalRows, scaleTables } from './scale-table.js';
import type { Summary } from './summary.js';

/** The documents that hold figures, and which. */
export const DOCUMENTS: Record<string, (results: Results) => string> = {
  'README.md': benchTable,
  'docs/performance.md': scaleTables,
  'docs/reliability.md': movesTable,
};

/** @returns the text with the table between these marks made anew @throws Error when a mark is missing */
export function withTable(text: string, table: string, mark = 'bench'): string {
  const begin = new RegExp(`<!-- ${mark}:begin.*?-->\\n`, 's').exec(text);
  const end = text.indexOf(`<!-- ${mark}:end -->`);
  if (!begin || end < begin.index)
    throw new Error(`a document has lost the marks of its table: ${mark}:begin, ${mark}:end`);
  return text.slice(0, begin.index) + begin[0] + table + text.slice(end);
}

/** Markdown, as Prettier would leave it. */
export function benchTable(results: Results): string {
  const { meshes, log, planner, failover, paths } = results;
  const machine = (meshes.at(-1) ?? log ?? planner ?? failover ?? paths)?.machine;
  const goals = goalRows(results);
  if (!machine) return NOTHING;
  const parts = [
    meshes.length > 0 ? table(meshRows(meshes)) : '',
    log ? table(logRows(log)) : '',
    planner ? table(plannerRows(planner)) : '',
    failover ? table(failoverRows(failover)) : '',
    paths ? table(pathRows(paths)) : '',
    goals.length > 1 ? table(goals) : '',
    `${place(
      machine,
      [...meshes, log, planner, failover, paths].flatMap((each) => each?.machine ?? []),
    )} Made by \`npm run bench\`; what is measured and how: [docs/performance.md](docs/performance.md).\n`,
  ];
  return `\n${parts.filter(Boolean).join('\n')}\n`;
}

/** How fast gateways and paths move; markdown, as Prettier would leave it. */
export function movesTable({ failover, paths }: Results): string {
  const parts = [
    ...(failover ? [`${table(failoverRows(failover))}\n${place(failover.machine, [failover.machine])}\n`] : []),
    ...(paths ? [`${table(pathRows(paths))}\n${place(paths.machine, [paths.machine])}\n`] : []),
  ];
  return parts.length === 0 ? NOTHING : `\n${parts.join('\n')}\n`;
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

function failoverRows({ failover: { runs, gapMs } }: FailoverResult): string[][] {
  const row = (name: string, { p50, p99, max }: Summary) => [name, `${p50} / ${p99} / ${max} ms`];
  return [
    [`a gateway of two members moves: nothing comes through for, ${runs} runs`, 'p50 / p99 / max'],
    row('the machine that serves is killed', gapMs.hostKilled),
    row('the range behind it is cut off, all else is well', gapMs.rangeDead),
  ];
}

const HAPPENED: Record<PathFault, string> = {
  relayKilled: 'the machine of their relay dies',
  relayOverloaded: 'their relay is left room for one of them',
  pathCut: 'the path that they punched is cut',
  routerReboot: 'the router of one of them loses its mappings and takes another port',
  movedPunched: 'one of two who punched a path moves to another network',
  movedPublic: 'one of them moves to another network, anybody can call the other',
};

function pathRows({ paths: { runs, gapMs } }: PathsResult): string[][] {
  return [
    [`two nodes do not hear each other for, ${runs} runs`, 'goal', 'p50 / p99 / max'],
    ...PATH_FAULTS.map((fault) => {
      const { p50, p99, max } = gapMs[fault];
      const goal = PATH_GOALS_MS[fault];
      return [HAPPENED[fault], goal === null ? '' : `p99 ≤ ${goal / 1000} s`, `${p50} / ${p99} / ${max} ms`];
    }),
  ];
}
