import type { CpuSeconds } from './mesh/cpu-meter.js';
import type { MemoryMb } from './mesh/memory-meter.js';
import type { RestartResult } from './mesh/restart.js';
import type { Summary } from './summary.js';

/** Printed by sustained.bench.ts. */
export interface SustainedResult {
  nodes: number;
  changes: number;
  /** As they were sent. */
  perSecond: number;
  /** Milliseconds from when a change was due to be sent until an agent held it; over all pairs of change and agent. */
  staleness: Summary & { told: number; never: number };
  cpuPerSecond: CpuSeconds;
  memory: Record<'start' | 'middle' | 'end', MemoryMb>;
}

/** Times from when the broker listened again, milliseconds. */
export interface StormRun {
  /** From the kill on. */
  brokerAwayMs: number;
  /** Until each agent held what had changed meanwhile. */
  consistentMs: Summary;
  /** Until all were connected and had read all there is. */
  allLevelMs: number;
  cpuSeconds: CpuSeconds;
}

/** Printed by storm.bench.ts. */
export interface StormResult {
  nodes: number;
  runs: StormRun[];
}

/** Printed by networks.bench.ts. */
export interface NetworksResult {
  networks: number;
  /** Of each. */
  nodes: number;
  /** From the start of the process, milliseconds. */
  readyMs: number;
  publishingForAllMs: number;
  /** One after the other, each into another network. */
  join: { joins: number; ms: Summary; messagesPerJoin: number; cpuSecondsPerJoin: CpuSeconds };
  /** One into every network, all at once. */
  burst: { joins: number; seconds: number };
  memory: Record<'start' | 'end', MemoryMb>;
}

/** Printed by million.bench.ts. */
export interface MillionResult {
  facts: number;
  nodes: number;
  /** Facts per second. */
  appended: number;
  distributed: number;
  verified: number;
  starts: {
    signal: 'SIGTERM' | 'SIGKILL';
    /** From the start of the process, milliseconds. */
    readyMs: number;
    publishedMs: number;
  }[];
  memory: MemoryMb;
}

/** Printed by restart.bench.ts. */
export interface WholeRestartResult {
  nodes: number;
  restarts: RestartResult[];
}

/** Printed by planner-restart.bench.ts. Milliseconds from the kill on. */
export interface PlannerRestartResult {
  nodes: number;
  runs: {
    killed: 'the one that publishes' | 'both replicas';
    /** Until the change that was made after it was published to the first node, and to the last. */
    firstToldMs: number;
    lastToldMs: number;
  }[];
}

/** Printed by reports.bench.ts. */
export interface ReportsResult {
  nodes: number;
  /** Peers that each node talks to. */
  peers: number;
  /** Per node and ten seconds: while nothing changes, and in the minute after a connection. */
  reportsPerNode: { steady: number; afterConnect: number };
  bytesPerReport: number;
  /**
   * Of one replica that hears all of it, in seconds of a processor per second: heartbeats alone; everybody has just
   * connected; everybody tells as much as an agent ever does.
   */
  relayPlannerCpu: { idle: number; afterConnect: number; atLimit: number };
  relayPlannerMb: number;
}

/** Printed by touch.bench.ts. */
export interface TouchResult {
  nodes: number;
  changes: { what: string; messages: number; recipients: number; ms: Summary }[];
}
