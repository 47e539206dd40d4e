import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.js';
import type { BurstResult, JoinResult, TrafficResult } from './mesh/joins.js';
import type { Seeding } from './mesh/mesh.js';
import type { RestartResult } from './mesh/restart.js';
import type { Summary } from './summary.js';

/** What scripts/bench.mjs adds to every result. */
export interface Measured {
  machine: Machine;
}

/** Printed by mesh.bench.ts. */
export interface MeshResult {
  nodes: number;
  connections: 'own' | 'shared';
  seeding: Seeding;
  join: JoinResult;
  traffic: TrafficResult;
  burst: BurstResult;
  restarts: RestartResult[];
}

/** Printed by append.bench.ts. */
export interface LogResult {
  log: {
    fsync: string;
    enrolments: number;
    concurrency: number;
    commandsPerSecond: number;
    oneByOne: { commandsPerSecond: number; acknowledged: Summary };
    facts: number;
    replayFactsPerSecond: number;
    verifyFactsPerSecond: number;
    startFromSnapshotMs: number;
  };
}

/** Printed by planner.bench.ts. */
export interface PlannerResult {
  planner: {
    nodes: number;
    oneJoin: { planChange: { p50: number; max: number } };
    burstOf200: { planChange: number };
    /** Not measured at every size: it is O(N²) for the operator who asks for it. */
    policyFlip?: { planChange: number };
    fold: { ms: number; facts: number };
  }[];
}

/** Printed by failover.bench.ts. */
export interface FailoverResult {
  failover: {
    runs: number;
    /** From the first packet that is lost to the next that comes back. */
    gapMs: Record<'hostKilled' | 'rangeDead', Summary>;
  };
}

export interface Results {
  meshes: (MeshResult & Measured)[];
  log?: LogResult & Measured;
  planner?: PlannerResult & Measured;
  failover?: FailoverResult & Measured;
}

/** What the directory holds; meshes by size. */
export function readResults(directory: string): Results {
  if (!existsSync(directory)) return { meshes: [] };
  const read = <T>(name: string) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as T;
  const optional = <T>(name: string) => (existsSync(join(directory, name)) ? read<T>(name) : undefined);
  const meshes = readdirSync(directory)
    .filter((name) => /^mesh-\d+\.json$/.test(name))
    .map((name) => read<MeshResult & Measured>(name))
    .sort((a, b) => a.nodes - b.nodes);
  const [log, planner] = [optional<Results['log']>('log.json'), optional<Results['planner']>('planner.json')];
  return { meshes, log, planner, failover: optional<Results['failover']>('failover.json') };
}
