import { parseArgs } from 'node:util';
import { Mesh } from './mesh/mesh.js';
import { measureRestart } from './mesh/restart.js';
import type { WholeRestartResult } from './scale-results.js';

/** The whole control plane is ended and started again, and a node joins as soon as it is ready. JSON on standard output. */
const { values } = parseArgs({
  options: { nodes: { type: 'string', default: '10000' }, quick: { type: 'boolean', default: false } },
});
const nodes = Number(values.nodes);
const rounds = values.quick ? 1 : 3;

async function measure(): Promise<WholeRestartResult> {
  const mesh = await Mesh.open(nodes, { ownConnections: false });
  try {
    console.error(`restart, ${nodes} nodes: they join`);
    await mesh.seed(nodes);
    const restarts: WholeRestartResult['restarts'] = [];
    for (let n = 1; n <= rounds; n++)
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        console.error(`restart, ${nodes} nodes: after ${signal}, ${n} of ${rounds}`);
        restarts.push(await measureRestart(mesh, signal));
      }
    return { nodes, restarts };
  } finally {
    await mesh.close();
  }
}

console.log(JSON.stringify(await measure(), null, 2));
