import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { benchedMachine as machine } from './benched-machine.fixture.js';
import { readResults, type ScaleResults } from './results.js';
import type {
  MillionResult,
  NetworksResult,
  PlannerRestartResult,
  ReportsResult,
  StormResult,
  SustainedResult,
  TouchResult,
  WholeRestartResult,
} from './scale-results.js';
import { goalRows, scaleTables } from './scale-table.js';

/** Each benchmark at scale, on a few nodes and once. It shows that they run and count right; how fast, `npm run bench` tells. */
const LIMIT_MS = 300_000;

async function run<T>(name: string, ...args: string[]): Promise<T> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    `dist/test/bench/${name}.bench.js`,
    '--quick',
    ...args,
  ]);
  return JSON.parse(stdout) as T;
}

function expectWholeTables(scale: Partial<ScaleResults>) {
  const nothing = readResults('none');
  const results = { ...nothing, scale: { ...nothing.scale, ...scale } };
  for (const text of [scaleTables(results), JSON.stringify(goalRows(results))])
    expect(text).not.toMatch(/NaN|undefined|null/);
  expect(scaleTables(results)).toContain('| --- |');
}

test(
  'sustained: every change reaches every agent that it concerns',
  async () => {
    const result = await run<SustainedResult>('sustained', '--nodes', '12');
    expect(result.staleness).toMatchObject({ told: result.changes * 11, never: 0 });
    expectWholeTables({ sustained: [{ ...result, machine }] });
  },
  LIMIT_MS,
);

test(
  'storm: all agents come back to a broker that was killed',
  async () => {
    const result = await run<StormResult>('storm', '--nodes', '12');
    expect(result.runs).toHaveLength(1);
    expectWholeTables({ storm: [{ ...result, machine }] });
  },
  LIMIT_MS,
);

test(
  'touch: what concerns one node of many is one message, what concerns none is none',
  async () => {
    const result = await run<TouchResult>('touch', '--nodes', '12');
    expect(result.changes.map(({ messages, recipients }) => [messages, recipients])).toEqual([
      [0, 0],
      [11, 11],
      [1, 1],
      [1, 1],
    ]);
    expectWholeTables({ touch: [{ ...result, machine }] });
  },
  LIMIT_MS,
);

test(
  'networks: a join is told to those of its network alone',
  async () => {
    const result = await run<NetworksResult>('networks', '--networks', '3', '--nodes', '5');
    expect(result.join.messagesPerJoin).toBe(5);
    expectWholeTables({ networks: { ...result, machine } });
  },
  LIMIT_MS,
);

test(
  'million: a log that was written in bulk is intact, and planned from',
  async () => {
    const result = await run<MillionResult>('million', '--facts', '3000');
    expect(result.starts).toHaveLength(2);
    expectWholeTables({ million: { ...result, machine } });
  },
  LIMIT_MS,
);

test(
  'restart: all agents follow what was started again',
  async () => {
    const result = await run<WholeRestartResult>('restart', '--nodes', '12');
    expect(result.restarts.map(({ signal }) => signal)).toEqual(['SIGTERM', 'SIGKILL']);
    expectWholeTables({ restart: [{ ...result, machine }] });
  },
  LIMIT_MS,
);

test(
  'planner-restart: what changed while no planner ran is planned',
  async () => {
    const result = await run<PlannerRestartResult>('planner-restart', '--nodes', '12');
    expect(result.runs.map(({ killed }) => killed)).toEqual(['both replicas']);
    expectWholeTables({ plannerRestart: [{ ...result, machine }] });
  },
  LIMIT_MS,
);

test(
  'reports: while nothing changes an agent tells less than once in ten seconds',
  async () => {
    const result = await run<ReportsResult>('reports', '--nodes', '12');
    expect(result.reportsPerNode.steady).toBeLessThanOrEqual(1);
    expect(result.reportsPerNode.afterConnect).toBeLessThanOrEqual(1);
    expectWholeTables({ reports: [{ ...result, machine }] });
  },
  LIMIT_MS,
);
