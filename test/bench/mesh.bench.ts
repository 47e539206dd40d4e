import { parseArgs } from 'node:util';
import { measureBurst, measureJoins, measureTraffic } from './mesh/joins.js';
import { Mesh, OWN_CONNECTIONS_UP_TO } from './mesh/mesh.js';
import { measureRestart } from './mesh/restart.js';

/**
 * One network of `--nodes N` agents on a real control plane: joins one by one, a burst of joins, restarts. JSON on
 * standard output; what is being done, on standard error.
 */
const { values } = parseArgs({
  options: { nodes: { type: 'string', default: '100' }, quick: { type: 'boolean', default: false } },
});
const nodes = Number(values.nodes);
const LARGE = 10_000;
/** At the largest sizes the reports of all agents take eight seconds after each join: few are weighed, and restarts are measured apart. */
const { joins, weighed, burst } = values.quick
  ? { joins: 5, weighed: 2, burst: 20 }
  : nodes < LARGE
    ? { joins: 100, weighed: 5, burst: 200 }
    : { joins: 30, weighed: 1, burst: 200 };
const signals = nodes < LARGE ? (['SIGTERM', 'SIGKILL'] as const) : [];

const say = (text: string) => console.error(`${nodes} nodes: ${text}`);

async function measure() {
  const mesh = nodes <= OWN_CONNECTIONS_UP_TO ? await Mesh.openInThreads() : await Mesh.open(nodes);
  try {
    say(`they join (${mesh.ownConnections ? 'a connection each' : 'over shared connections'})`);
    const seeding = await mesh.seed(nodes);
    say(`${joins} joins, one after the other`);
    // First, for it also warms everything up: a control plane that has just started is slower.
    const traffic = await measureTraffic(mesh, weighed);
    const join = await measureJoins(mesh, joins);
    say(`${burst} joins at once`);
    const burstOfJoins = await measureBurst(mesh, burst);
    const restarts = [];
    for (const signal of signals) {
      say(`restart after ${signal}`);
      restarts.push(await measureRestart(mesh, signal));
    }
    const connections = mesh.ownConnections ? 'own' : 'shared';
    return { nodes, quick: values.quick, connections, seeding, join, traffic, burst: burstOfJoins, restarts };
  } finally {
    await mesh.close();
  }
}

console.log(JSON.stringify(await measure(), null, 2));
