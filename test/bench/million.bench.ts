import { parseArgs } from 'node:util';
import { memoryMb } from './mesh/memory-meter.js';
import { lengthen } from './mesh/long-history.js';
import { Mesh } from './mesh/mesh.js';
import { measureRestart } from './mesh/restart.js';
import { seedLog } from './mesh/seed-log.js';
import type { MillionResult } from './scale-results.js';

/**
 * A network with a long past: how soon the control plane answers and plans after a start, and how fast the whole log is written,
 * given to the broker, and verified. JSON on standard output.
 */
const { values } = parseArgs({
  options: { facts: { type: 'string', default: '1000000' }, quick: { type: 'boolean', default: false } },
});
const facts = Number(values.facts);
const NODES = values.quick ? 10 : 100;
/** The first start after a restore: the broker has none of it. */
const DISTRIBUTION_LIMIT_MS = 15 * 60_000;

const say = (text: string) => console.error(`log of ${facts} facts: ${text}`);

async function measure(): Promise<MillionResult> {
  const mesh = await Mesh.open(NODES, { ownConnections: false });
  const { plane } = mesh;
  try {
    const rate = async (work: () => Promise<unknown>) => {
      const began = performance.now();
      await work();
      return Math.round(facts / ((performance.now() - began) / 1_000));
    };
    let appended = 0;
    let started = 0;
    say('it is written');
    await mesh.whileStopped({
      write: async (store) => {
        const seeded = await seedLog(store, { plane, network: plane.network, nodes: mesh.create(NODES) });
        let { state } = seeded;
        appended = await rate(async () => (state = await lengthen(store, state, facts)));
        return [{ ...seeded, state }];
      },
      onStart: () => {
        started = performance.now();
        say('it is given to the broker');
      },
      readyWithinMs: DISTRIBUTION_LIMIT_MS,
    });
    const distributed = Math.round(facts / ((performance.now() - started) / 1_000));
    await mesh.complete();
    say('it is verified');
    const path = `/networks/${plane.network.name}/log/verify`;
    const verified = await rate(async () => {
      const verdict = await plane.ask<{ ok: boolean }>('GET', path);
      if (!verdict.ok) throw new Error(`the log is not intact: ${JSON.stringify(verdict)}`);
    });
    const starts: MillionResult['starts'] = [];
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      say(`restart after ${signal}`);
      const { readyMs, publishedMs } = await measureRestart(mesh, signal);
      starts.push({ signal, readyMs, publishedMs });
    }
    return { facts, nodes: NODES, appended, distributed, verified, starts, memory: memoryMb(plane.pids) };
  } finally {
    await mesh.close();
  }
}

console.log(JSON.stringify(await measure(), null, 2));
