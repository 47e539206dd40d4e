import { parseArgs } from 'node:util';
import { cpuSeconds, cpuSince } from './mesh/cpu-meter.js';
import type { BenchNetwork } from './mesh/control-plane.js';
import { LiveMeter } from './mesh/live-meter.js';
import { memoryMb } from './mesh/memory-meter.js';
import { Mesh } from './mesh/mesh.js';
import type { MeshNode } from './mesh/mesh-node.js';
import { type SeededNetwork, seedLog } from './mesh/seed-log.js';
import type { NetworksResult } from './scale-results.js';
import { round, summary } from './summary.js';

/**
 * Many networks on one control plane: how soon it plans for all of them after a start, and what joins into one cost while the
 * others are there. JSON on standard output.
 */
const { values } = parseArgs({
  options: {
    networks: { type: 'string', default: '100' },
    nodes: { type: 'string', default: '100' },
    quick: { type: 'boolean', default: false },
  },
});
const [count, nodes] = [Number(values.networks), Number(values.nodes)];
const joins = values.quick ? 2 : 100;

const say = (text: string) => console.error(`${count} networks of ${nodes}: ${text}`);

async function measure(): Promise<NetworksResult> {
  const mesh = await Mesh.open(count * nodes, { cidr: cidrOf(0), ownConnections: false });
  const { plane } = mesh;
  try {
    const networks = [plane.network];
    for (let n = 1; n < count; n++) networks.push(await plane.createNetwork(`bench-${n}`, cidrOf(n)));
    say('they are written into the log');
    let started = 0;
    const seeded = await mesh.whileStopped({
      write: async (store) => {
        const all: SeededNetwork[] = [];
        for (const network of networks) all.push(await seedLog(store, { plane, network, nodes: mesh.create(nodes) }));
        return all;
      },
      onStart: () => (started = performance.now()),
    });
    const readyMs = Math.round(performance.now() - started);
    const sizes = new Map(networks.map(({ id }, n) => [id, seeded[n]?.nodes.length ?? 0]));
    await mesh.settled(() => plane.takeovers >= count);
    const publishingForAllMs = Math.round(plane.logged.get('publishing for a network')! - started);
    const start = memoryMb(plane.pids);

    const grow = (network: BenchNetwork) => sizes.set(network.id, (sizes.get(network.id) ?? 0) + 1);
    /** Resolves with the time at which all who were in that network before had the peer. */
    const join = async (network: BenchNetwork, node: MeshNode) => {
      const arrived = mesh.fleet.arrivals.of(node.request.name, sizes.get(network.id) ?? 0);
      grow(network);
      mesh.fleet.add(await plane.enrol(node, network));
      return arrived;
    };

    say(`${joins} joins, each into another one`);
    const times: number[] = [];
    const meter = await LiveMeter.open(mesh.observer);
    const before = cpuSeconds(plane.pids);
    const messages: number[] = [];
    for (const [n, node] of mesh.create(joins).entries()) {
      const { takeovers } = plane;
      const already = meter.delivered.messages;
      const sent = performance.now();
      times.push((await join(networks[n % count]!, node)) - sent);
      await mesh.settled();
      await mesh.observer.check();
      // On a machine that does not let it renew its leases, a planner begins anew, and tells all what is right.
      if (plane.takeovers === takeovers) messages.push(meter.delivered.messages - already);
    }
    const cpuSecondsPerJoin = cpuSince(before, cpuSeconds(plane.pids), joins);
    meter.stop();
    const messagesPerJoin = round(messages.reduce((sum, each) => sum + each, 0) / messages.length);

    say('one into every network at once');
    const sent = performance.now();
    const all = mesh.create(count).map((node, n) => join(networks[n]!, node));
    const seconds = Number(((Math.max(...(await Promise.all(all))) - sent) / 1_000).toFixed(3));
    await mesh.settled();
    return {
      networks: count,
      nodes,
      readyMs,
      publishingForAllMs,
      join: { joins, ms: summary(times), messagesPerJoin, cpuSecondsPerJoin },
      burst: { joins: count, seconds },
      memory: { start, end: memoryMb(plane.pids) },
    };
  } finally {
    await mesh.close();
  }
}

function cidrOf(n: number): string {
  return `10.${64 + (n >> 8)}.${n & 255}.0/24`;
}

console.log(JSON.stringify(await measure(), null, 2));
