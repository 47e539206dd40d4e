import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { ObservedReport } from '#contracts/reports.js';
import { Mesh } from './mesh/mesh.js';
import { tellsWithin, type ToldAt } from './mesh/observing-node.js';
import { cpuSecondsOf, memoryMbOf } from './mesh/processes.js';
import { seedLog } from './mesh/seed-log.js';
import type { ReportsResult } from './scale-results.js';
import { round } from './summary.js';

/**
 * What nodes tell of their links when nothing changes, by the agents' own observer, and what a relay-planner that hears it from
 * all of them costs. JSON on standard output.
 */
const { values } = parseArgs({
  options: { nodes: { type: 'string', default: '10000' }, quick: { type: 'boolean', default: false } },
});
const nodes = Number(values.nodes);
/** Peers that a node talks to; it may know many more. */
const PEERS = Math.min(20, nodes - 1);
const seconds = values.quick ? 1 : 30;
/** On the observers' own clock: all is told again within ten minutes. */
const STEADY_SECONDS = 600;
const CONNECT_SECONDS = 60;
/** Different observers; the nodes share what they tell. */
const OBSERVERS = values.quick ? 2 : 50;
const SLICE_MS = 100;

const say = (text: string) => console.error(`reports of ${nodes} nodes: ${text}`);

type Send = (node: number, report: ObservedReport) => void;

async function measure(): Promise<ReportsResult> {
  const mesh = await Mesh.open(nodes, { flags: ['--replicas', '2'], ownConnections: false });
  const { plane } = mesh;
  try {
    say('they join');
    // All can be called where they say, and are seen there: nothing is to be decided.
    const wanted = mesh.create(nodes).map((node, n) => ({
      ...node,
      request: { ...node.request, site: undefined, endpoints: [{ ...addressOf(n), kind: 'public' as const }] },
    }));
    const write = async (store: Parameters<typeof seedLog>[0]) => [
      await seedLog(store, { plane, network: plane.network, nodes: wanted }),
    ];
    const [seeded] = await mesh.whileStopped({ write });
    await mesh.complete();
    const ids = seeded!.nodes.map(({ answer }) => answer.nodeId);
    const send: Send = (node, report) => {
      const links = report.peers.map((link) => {
        const other = (node + 1 + Number(link.nodeId)) % nodes;
        const { address, port } = addressOf(other);
        return { ...link, nodeId: ids[other]!, endpoint: `${address}:${port}` };
      });
      mesh.fleet.tell(node, { kind: 'observed', body: { ...report, peers: links } });
    };

    const told = await Promise.all(
      Array.from({ length: OBSERVERS }, () => tellsWithin(CONNECT_SECONDS + STEADY_SECONDS, PEERS, Math.random)),
    );
    const planner = (await plane.services()).find(({ name }) => name === 'relay-planner')!;
    const before = (await factsOf(mesh)).length;
    const cpuWhile = async (what: string, work: () => Promise<unknown>) => {
      say(what);
      await mesh.settled();
      const [began, used] = [performance.now(), cpuSecondsOf(planner.pid, false)];
      await work();
      return round((cpuSecondsOf(planner.pid, false) - used) / ((performance.now() - began) / 1_000));
    };
    const idle = await cpuWhile('heartbeats alone', () => sleep(seconds * 1_000));
    const afterConnect = await cpuWhile('all connect and tell all', () => sendAsTold(told, send));
    const largest = told.flat().reduce((a, b) => (b.report.peers.length > a.report.peers.length ? b : a));
    const atLimit = await cpuWhile('each tells of all its peers every ten seconds', () => sendAtLimit(largest, send));
    const after = (await factsOf(mesh)).length;
    if (after !== before) throw new Error(`${after - before} facts were made of it`);

    const steady = told.flat().filter(({ second }) => second >= CONNECT_SECONDS);
    const sizes = told.flat().map(({ report }) => JSON.stringify(report).length);
    return {
      nodes,
      peers: PEERS,
      reportsPerNode: {
        steady: round(steady.length / OBSERVERS / (STEADY_SECONDS / 10)),
        afterConnect: round((told.flat().length - steady.length) / OBSERVERS / (CONNECT_SECONDS / 10)),
      },
      bytesPerReport: Math.round(sizes.reduce((a, b) => a + b, 0) / sizes.length),
      relayPlannerCpu: { idle, afterConnect, atLimit },
      relayPlannerMb: memoryMbOf(planner.pid),
    };
  } finally {
    await mesh.close();
  }
}

/** What the observers told in the first seconds after a connection, by all nodes. */
async function sendAsTold(told: readonly ToldAt[][], send: Send): Promise<void> {
  const due: { at: number; node: number; report: ObservedReport }[] = [];
  for (let node = 0; node < nodes; node++)
    for (const { second, report } of told[node % told.length]!)
      // They do not all look in the same moment.
      if (second < seconds) due.push({ at: (second + Math.random()) * 1_000, node, report });
  due.sort((a, b) => a.at - b.at);
  await inTime(due, ({ node, report }) => send(node, report));
}

/** As much as an agent ever tells, from all of them. */
async function sendAtLimit({ report }: ToldAt, send: Send): Promise<void> {
  const count = Math.round((nodes * seconds) / 10);
  const due = Array.from({ length: count }, (_, n) => ({ at: (n / count) * seconds * 1_000, node: n % nodes }));
  await inTime(due, ({ node }) => send(node, report));
}

async function inTime<T extends { at: number }>(due: readonly T[], work: (each: T) => void): Promise<void> {
  const began = performance.now();
  let next = 0;
  while (next < due.length) {
    const now = performance.now() - began;
    for (; next < due.length && due[next]!.at <= now; next++) work(due[next]!);
    await sleep(SLICE_MS);
  }
}

async function factsOf({ plane }: Mesh): Promise<unknown[]> {
  const { items } = await plane.ask<{ items: unknown[] }>(
    'GET',
    `/networks/${plane.network.name}/events?limit=1000&after=${nodes}`,
  );
  return items;
}

function addressOf(n: number) {
  return { address: `203.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, port: 51_820 };
}

console.log(JSON.stringify(await measure(), null, 2));
