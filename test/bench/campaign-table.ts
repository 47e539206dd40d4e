import type { FuzzResult } from '../fuzz/fuzz-target.js';
import type { Kept } from './kept-results.js';
import type { Summary } from './summary.js';
import { place, table } from './markdown.js';

/** Kept by test/chaos/chaos.ts. */
export interface ChaosResult {
  /** The others follow it. */
  firstSeed: number;
  schedules: number;
  /** Of load and faults, each. */
  seconds: number;
  /** In namespaces, on WireGuard, in each schedule. */
  realAgents: number;
  acknowledged: number;
  refused: number;
  ingested: number;
  rejected: number;
  facts: number;
  /** How often what happened. */
  faults: Record<string, number>;
  /** Milliseconds from the last fault until everything was as it must be. */
  settled: Summary;
}

/** Kept by test/simulation/main.ts. */
export interface SimulationResult {
  of: string;
  schedules: number;
  seed: number;
  seconds: number;
  processes: number;
  failures: number;
}

export interface Campaigns {
  chaos?: ChaosResult & Kept;
  simulations: (SimulationResult & Kept)[];
  fuzzed: (FuzzResult & Kept)[];
}

/** Markdown, as Prettier would leave it. */
export function campaignTable({ chaos, simulations, fuzzed }: Campaigns): string {
  const parts = [
    chaos ? `${table(chaosRows(chaos))}\n${place(chaos.machine, [chaos.machine])}\n` : '',
    simulations.length > 0 ? `${table(simulationRows(simulations))}\n${placeOf(simulations)}\n` : '',
    fuzzed.length > 0 ? `${table(fuzzRows(fuzzed))}\n${placeOf(fuzzed)}\n` : '',
  ].filter(Boolean);
  return `\n${parts.join('\n') || '_Nothing kept yet._\n'}\n`;
}

const placeOf = (kept: Kept[]) =>
  place(
    kept[0]!.machine,
    kept.map(({ machine }) => machine),
  );

function chaosRows(result: ChaosResult): string[][] {
  const { firstSeed, schedules, seconds, realAgents, acknowledged, refused } = result;
  const { ingested, rejected, facts, faults, settled } = result;
  const seeds = `seeds ${firstSeed} to ${firstSeed + schedules - 1}`;
  const often = Object.entries(faults).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return [
    [`${count(schedules)} chaos schedules of ${seconds} s, ${seeds}: all as promised`, ''],
    ['real agents in each, on WireGuard in namespaces', count(realAgents)],
    ['writes of clients acknowledged / refused', `${count(acknowledged)} / ${count(refused)}`],
    ['commands of sources done / rejected', `${count(ingested)} / ${count(rejected)}`],
    ['facts', count(facts)],
    [
      'from the last fault until all is as promised: p50 / p99 / max',
      [settled.p50, settled.p99, settled.max].map((ms) => `${(ms / 1_000).toFixed(1)} s`).join(' / '),
    ],
    ['faults', count(often.reduce((sum, [, times]) => sum + times, 0))],
    ...often.map(([what, times]) => [`– ${what}`, count(times)]),
  ];
}

/** What `--of` names. */
const SIMULATED: Record<string, string> = {
  nodes: 'of nodes and their keys',
  all: 'of nodes, gateways, clusters, relays and paths',
  packets: 'networks of gateways and clusters, packets followed',
  relayed: 'networks in which relays carry these, packets followed',
};

function simulationRows(results: SimulationResult[]): string[][] {
  return [
    ['simulated schedules', 'seeds', 'failed', 'a minute'],
    ...results.map(({ of, schedules, seed, seconds, processes, failures }) => [
      `${count(schedules)} ${SIMULATED[of] ?? of}`,
      `${seed} to ${seed + schedules - 1}`,
      String(failures),
      `${count(Math.round((schedules / seconds) * 60))} in ${processes} processes`,
    ]),
  ];
}

function fuzzRows(results: FuzzResult[]): string[][] {
  return [
    ['fuzzed, nothing found', 'inputs', 'seed', 'what came of them'],
    ...results.map(({ target, runs, seed, outcomes }) => [`\`${target}\``, count(runs), String(seed), told(outcomes)]),
  ];
}

/** The most frequent; others are one number. */
function told(outcomes: Record<string, number>): string {
  const often = Object.entries(outcomes).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  const rest = often.slice(MOST_OUTCOMES).reduce((sum, [, times]) => sum + times, 0);
  return [
    ...often.slice(0, MOST_OUTCOMES).map(([what, times]) => `${what}: ${count(times)}`),
    ...(rest > 0 ? [`others: ${count(rest)}`] : []),
  ].join(', ');
}

const MOST_OUTCOMES = 6;

const count = (n: number) => n.toLocaleString('en');
