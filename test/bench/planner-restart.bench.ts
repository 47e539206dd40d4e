import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { ReadyService } from '../../apps/standalone/src/parts/data-dir.js';
import { Mesh } from './mesh/mesh.js';
import { PortMoves } from './mesh/port-moves.js';
import type { PlannerRestartResult } from './scale-results.js';
import { until } from '../support/wait.js';

/**
 * Every service twice, as processes of their own, and a network of many nodes: a topology-planner is killed, the network
 * changes at once, and the change is published by the other one, or by those that are started again. JSON on standard output.
 */
const { values } = parseArgs({
  options: { nodes: { type: 'string', default: '10000' }, quick: { type: 'boolean', default: false } },
});
const nodes = Number(values.nodes);
const rounds = values.quick ? 1 : 3;
const KILLED: PlannerRestartResult['runs'][number]['killed'][] = values.quick
  ? ['both replicas']
  : ['the one that publishes', 'both replicas'];
const LIMIT_MS = 120_000;
const PUBLISHING = 'publishing for a network';
/** Said by who follows. */
const PREPARED = 'ready to take over';
/** What ends more often than so is started again after a pause that grows (apps/standalone): it is not what is measured. */
const SOUND_MS = 11_000;

const say = (text: string) => console.error(`planner restart, ${nodes} nodes: ${text}`);

async function measure(): Promise<PlannerRestartResult> {
  const mesh = await Mesh.open(nodes, { flags: ['--replicas', '2'], ownConnections: false });
  try {
    say('they join');
    await mesh.seed(nodes);
    const moves = new PortMoves(mesh);
    const runs: PlannerRestartResult['runs'] = [];
    for (const killed of KILLED) {
      for (let n = 1; n <= rounds; n++) {
        const isPrepared = async () => {
          const planners = await plannersOf(mesh);
          const others = planners.filter((one) => one !== leaderOf(mesh, planners));
          return others.every((one) => linesOf(mesh.plane.logOf(one), PREPARED, one.pid).length > 0);
        };
        await until('who follows to be ready to take over', isPrepared, LIMIT_MS);
        await sleep(SOUND_MS);
        await mesh.settled();
        say(`killed: ${killed}, ${n} of ${rounds}`);
        runs.push({ killed, ...(await killPlanner(mesh, moves, killed === 'both replicas')) });
      }
    }
    return { nodes, runs };
  } finally {
    await mesh.close();
  }
}

async function killPlanner(mesh: Mesh, moves: PortMoves, isBoth: boolean) {
  const { fleet } = mesh;
  const planners = await plannersOf(mesh);
  const victims = isBoth ? planners : [leaderOf(mesh, planners)];
  const held = new Map<number, number>();
  const firsts: { version: number; at: number }[] = [];
  let last = 0;
  fleet.onTaken = (agent, version) => {
    held.set(agent, version);
    last = performance.now();
    if (version > (firsts.at(-1)?.version ?? 0)) firsts.push({ version, at: last });
  };
  const killed = performance.now();
  for (const { pid } of victims) process.kill(pid, 'SIGKILL');
  const { agent: about, version } = await moves.move();
  const isTold = (agent: number) => agent === about || (held.get(agent) ?? 0) >= version;
  const all = Array.from({ length: fleet.size }, (_, agent) => agent);
  await until('all nodes to be told', () => all.every(isTold), LIMIT_MS);
  const first = firsts.find((one) => one.version >= version);
  const replaced = async () => (await plannersOf(mesh)).every(({ pid }) => victims.every((gone) => gone.pid !== pid));
  await until('those killed to be started again', replaced, LIMIT_MS);
  return { firstToldMs: Math.round((first?.at ?? NaN) - killed), lastToldMs: Math.round(last - killed) };
}

async function plannersOf({ plane }: Mesh): Promise<ReadyService[]> {
  return (await plane.services()).filter(({ name }) => name === 'topology-planner');
}

/** The last of them to say that it publishes. */
function leaderOf({ plane }: Mesh, planners: ReadyService[]): ReadyService {
  const began = planners.map((one) => ({ one, epoch: lastEpoch(linesOf(plane.logOf(one), PUBLISHING, one.pid)) }));
  return began.reduce((a, b) => (b.epoch > a.epoch ? b : a)).one;
}

interface Line {
  pid?: number;
  epoch?: number;
}

const lastEpoch = (lines: Line[]): number => lines.at(-1)?.epoch ?? 0;

/** What the process that runs now has logged so. */
function linesOf(log: string, message: string, pid: number): Line[] {
  // It may be in the middle of its last line.
  const lines = log
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.includes(message));
  return lines.map((line) => JSON.parse(line) as Line).filter((line) => line.pid === pid);
}

console.log(JSON.stringify(await measure(), null, 2));
