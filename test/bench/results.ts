import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.js';
import type { BurstResult, JoinResult, TrafficResult } from './mesh/joins.js';
import type { Seeding } from './mesh/mesh.js';
import type { RestartResult } from './mesh/restart.js';
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

/** What can happen to the path of two nodes (paths.bench.ts tells how), and in what time they shall hear each other again. */
export const PATH_GOALS_MS = {
  relayKilled: 3_000,
  relayOverloaded: null,
  pathCut: 5_000,
  routerReboot: 5_000,
  movedPunched: 5_000,
  movedPublic: 5_000,
} as const;
export type PathFault = keyof typeof PATH_GOALS_MS;
export const PATH_FAULTS = Object.keys(PATH_GOALS_MS) as PathFault[];

/** Printed by paths.bench.ts. */
export interface PathsResult {
  paths: {
    runs: number;
    /** From the first packet that is lost to the next that comes back. */
    gapMs: Record<PathFault, Summary>;
  };
}

/** At their limits: many agents, many changes, many networks, a long log. */
export interface ScaleResults {
  sustained: (SustainedResult & Measured)[];
  storm: (StormResult & Measured)[];
  touch: (TouchResult & Measured)[];
  networks?: NetworksResult & Measured;
  million?: MillionResult & Measured;
  restart: (WholeRestartResult & Measured)[];
  plannerRestart: (PlannerRestartResult & Measured)[];
  reports: (ReportsResult & Measured)[];
}

export interface Results {
  meshes: (MeshResult & Measured)[];
  log?: LogResult & Measured;
  planner?: PlannerResult & Measured;
  failover?: FailoverResult & Measured;
  paths?: PathsResult & Measured;
  scale: ScaleResults;
}

/** What the directory holds; those of several sizes by size. */
export function readResults(directory: string): Results {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  const read = <T>(name: string) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as T & Measured;
  const optional = <T>(name: string) => (names.includes(`${name}.json`) ? read<T>(`${name}.json`) : undefined);
  const bySize = <T extends { nodes: number }>(name: string) =>
    names
      .filter((file) => new RegExp(`^${name}-\\d+\\.json$`).test(file))
      .map((file) => read<T>(file))
      .sort((a, b) => a.nodes - b.nodes);
  return {
    meshes: bySize<MeshResult>('mesh'),
    log: optional<LogResult>('log'),
    planner: optional<PlannerResult>('planner'),
    failover: optional<FailoverResult>('failover'),
    paths: optional<PathsResult>('paths'),
    scale: {
      sustained: bySize<SustainedResult>('sustained'),
      storm: bySize<StormResult>('storm'),
      touch: bySize<TouchResult>('touch'),
      networks: optional<NetworksResult>('networks'),
      million: optional<MillionResult>('million'),
      restart: bySize<WholeRestartResult>('restart'),
      plannerRestart: bySize<PlannerRestartResult>('planner-restart'),
      reports: bySize<ReportsResult>('reports'),
    },
  };
}
