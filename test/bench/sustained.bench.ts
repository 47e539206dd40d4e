import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { cpuSeconds, cpuSince } from './mesh/cpu-meter.js';
import { type MemoryMb, memoryMb } from './mesh/memory-meter.js';
import { Mesh } from './mesh/mesh.js';
import { PortMoves } from './mesh/port-moves.js';
import { type SentChange, Staleness } from './mesh/staleness.js';
import type { SustainedResult } from './scale-results.js';
import { round } from './summary.js';
import { until } from '../support/wait.js';

/**
 * Changes that concern every agent of one network, 50 a second for a minute: how long each was news to each agent, and what
 * the services held at the start, in the middle and at the end. JSON on standard output.
 */
const { values } = parseArgs({
  options: { nodes: { type: 'string', default: '1000' }, quick: { type: 'boolean', default: false } },
});
const nodes = Number(values.nodes);
const PER_SECOND = 50;
const LIMIT_MS = 120_000;
const { seconds, warmUpSeconds } = values.quick ? { seconds: 2, warmUpSeconds: 0 } : { seconds: 60, warmUpSeconds: 10 };

const say = (text: string) => console.error(`sustained ${nodes}: ${text}`);

async function measure(): Promise<SustainedResult> {
  const mesh = await Mesh.open(nodes);
  try {
    say('they join');
    await mesh.seed(nodes);
    const moves = new PortMoves(mesh);
    say(`${PER_SECOND} changes a second, ${warmUpSeconds} s to warm up`);
    await changeFor(moves, warmUpSeconds);
    await mesh.settled();

    say(`and ${seconds} s measured`);
    const staleness = new Staleness();
    mesh.fleet.onTaken = staleness.note;
    const memory = [memoryMb(mesh.plane.pids)];
    const before = cpuSeconds(mesh.plane.pids);
    const began = performance.now();
    const changes = await changeFor(moves, seconds, memory, () => memoryMb(mesh.plane.pids));
    const sentSeconds = (performance.now() - began) / 1_000;
    memory.push(memoryMb(mesh.plane.pids));
    const cpu = cpuSince(before, cpuSeconds(mesh.plane.pids), sentSeconds);
    const last = changes.reduce((one, other) => (other.version > one.version ? other : one));
    await until('all agents to hold the last change', () => staleness.isTold(last, mesh.fleet.size), LIMIT_MS);
    return {
      nodes,
      changes: changes.length,
      perSecond: round(changes.length / sentSeconds),
      staleness: staleness.of(changes, mesh.fleet.size),
      cpuPerSecond: cpu,
      memory: { start: memory[0]!, middle: memory[1]!, end: memory[2]! },
    };
  } finally {
    await mesh.close();
  }
}

/** Sends each when it is due, whether or not those before it were answered. */
async function changeFor(
  moves: PortMoves,
  duration: number,
  memory: MemoryMb[] = [],
  lookAtMemory?: () => MemoryMb,
): Promise<SentChange[]> {
  const count = duration * PER_SECOND;
  const began = performance.now();
  const sent: Promise<SentChange>[] = [];
  for (let n = 0; n < count; n++) {
    const at = began + (n * 1_000) / PER_SECOND;
    const early = at - performance.now();
    if (early > 0) await sleep(early);
    if (lookAtMemory && n === count >> 1) memory.push(lookAtMemory());
    sent.push(moves.move().then((move) => ({ ...move, at })));
  }
  return Promise.all(sent);
}

console.log(JSON.stringify(await measure(), null, 2));
