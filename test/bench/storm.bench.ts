import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { cpuSeconds, cpuSince } from './mesh/cpu-meter.js';
import { Mesh } from './mesh/mesh.js';
import { PortMoves } from './mesh/port-moves.js';
import type { StormResult, StormRun } from './scale-results.js';
import { summary } from './summary.js';

/**
 * The broker is killed under agents that have a connection each, the network changes while it is away, and it is started
 * again by `up`: how long until all agents are back and hold those changes. JSON on standard output.
 */
const { values } = parseArgs({
  options: { nodes: { type: 'string', default: '1000' }, quick: { type: 'boolean', default: false } },
});
const nodes = Number(values.nodes);
const runs = values.quick ? 1 : 3;
const CHANGES = 5;
const LIMIT_MS = 60_000;

const say = (text: string) => console.error(`storm ${nodes}: ${text}`);

async function measure(): Promise<StormResult> {
  const mesh = await Mesh.open(nodes, { ownConnections: true });
  try {
    say('they join');
    await mesh.seed(nodes);
    const moves = new PortMoves(mesh);
    const results: StormRun[] = [];
    for (let n = 1; n <= runs; n++) {
      await mesh.settled();
      // A server that has just been started again is started again more slowly.
      if (n > 1) await sleep(values.quick ? 0 : 31_000);
      say(`the broker is killed, ${n} of ${runs}`);
      results.push(await killBroker(mesh, moves));
    }
    return { nodes, runs: results };
  } finally {
    await mesh.close();
  }
}

async function killBroker({ plane, fleet }: Mesh, moves: PortMoves): Promise<StormRun> {
  const held = new Map<number, { version: number; at: number }>();
  fleet.onTaken = (agent, version) => held.set(agent, { version, at: performance.now() });
  const before = cpuSeconds(plane.pids);
  plane.logged.delete('NATS is ready');
  const killed = performance.now();
  process.kill(plane.pids.nats, 'SIGKILL');
  const changes = await Promise.all(Array.from({ length: CHANGES }, () => moves.move()));
  const version = Math.max(...changes.map((change) => change.version));
  const about = changes.find((change) => change.version === version)?.agent;
  // To the node that the last change is about it is no news: whatever else it missed, `level` says.
  const isBack = (agent: number) => agent === about || (held.get(agent)?.version ?? 0) >= version;
  const agents = Array.from({ length: fleet.size }, (_, agent) => agent);
  while (!(fleet.isLevel && agents.every(isBack))) {
    if (performance.now() - killed > LIMIT_MS) throw new Error(`not all agents are back after ${LIMIT_MS} ms`);
    await sleep(10);
  }
  const levelAt = performance.now();
  const readyAt = plane.logged.get('NATS is ready');
  if (readyAt === undefined) throw new Error('the broker was not started again');
  const times = agents.filter((agent) => agent !== about).map((agent) => (held.get(agent)?.at ?? NaN) - readyAt);
  return {
    brokerAwayMs: Math.round(readyAt - killed),
    consistentMs: summary(times),
    allLevelMs: Math.round(levelAt - readyAt),
    // Another broker: all of its time counts.
    cpuSeconds: cpuSince({ ...before, nats: 0 }, cpuSeconds(plane.pids), 1),
  };
}

console.log(JSON.stringify(await measure(), null, 2));
