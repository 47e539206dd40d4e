import Table from 'cli-table3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { appendFileSync } from 'node:fs';
import { type Machine, type Member, Mesh, NETWORK } from './mesh.js';
import { type Station, waitForAllPairs } from './rig/reachability.js';
import { type Call, expectCalls, type Outcome, startTeller } from './rig/source-matrix.js';
import { waitFor } from './rig/wait-for.js';
import { Site } from './site.js';

const TITLE = 'two sites, NAT, relay, gateway, overlap: who reaches whom, by which path, or from which address';

type Path = 'direct' | 'lan' | 'punched' | 'relayed';

/** Between nodes the path that the agent tells, else the source address that is seen. */
interface Cell extends Call {
  /** Whose address it is. */
  callee: string;
  path?: Path;
}

/**
 * All in one network: two sites whose LANs have the same addresses, one behind a router that can be passed and one behind a
 * router that cannot; a relay; a private network behind a gateway; two clusters with the same ranges, linked.
 */
describe('a network of everything', () => {
  let mesh: Mesh;
  let nodes: Member[];
  let database: Station;
  let pods: Station[];
  const crossing: Record<string, string> = {};

  beforeAll(async () => {
    mesh = await Mesh.start();
    const paris = await mesh.lan('cone', 'paris-1', 'paris-2');
    const lyon = await mesh.lan('symmetric', 'lyon-1', 'lyon-2');
    const open = await Promise.all(['relay', 'gate', 'x', 'y'].map((name) => mesh.machine(name)));
    const [, gate, x, y] = open as [Machine, Machine, Machine, Machine];
    const plant = await Site.create(mesh.rig, 'plant');
    await plant.leg(gate.host, '10.20.0.1/24');
    database = await plant.workload('db', ['10.20.0.5/24']);
    pods = [await podBehind(x), await podBehind(y)];
    nodes = await Promise.all([...open, ...paris, ...lyon].map((machine) => mesh.enrol(machine)));
    await Promise.all(nodes.map(({ host }) => startTeller(host)));

    for (const { name } of [...paris, ...lyon]) await call('PATCH', `nodes/${name}`, { site: name.split('-')[0] });
    await call('PUT', 'relays/relay', {});
    const ranges = ['10.20.0.0/24'];
    await call('POST', 'gateways', { name: 'plant', kind: 'egress', nodes: ['gate'], ranges, masquerade: true });
    for (const name of ['x', 'y']) {
      await call('POST', 'clusters', { name, pods: ['10.42.0.0/16'], model: 'archipelago' });
      await call('POST', 'gateways', { name: `${name}-door`, kind: 'cluster', nodes: [name], cluster: name });
    }
    await call('POST', 'cluster-links', { a: 'x', b: 'y' });
    for (const name of ['x', 'y']) {
      const path = `clusters/${name}/translate?address=10.42.0.5`;
      crossing[name] = (await call<{ crossing: string }>('GET', path)).crossing;
    }
  }, 300_000);
  afterAll(() => mesh?.close());

  const call = <T>(method: string, path: string, body?: unknown) =>
    mesh.control.call<T>(method, `networks/${NETWORK}/${path}`, body);

  async function podBehind({ name, host }: Machine): Promise<Station> {
    const site = await Site.create(mesh.rig, name);
    await site.leg(host, '10.42.0.1/16');
    return site.workload('pod', ['10.42.0.5/16'], ['10.42.0.1']);
  }

  const siteOf = ({ name }: Station) => /^(paris|lyon)-/.exec(name)?.[1];

  function pathBetween(a: Station, b: Station): Path {
    const [here, there] = [siteOf(a), siteOf(b)];
    if (here === undefined || there === undefined) return 'direct';
    return here === there ? 'lan' : 'relayed';
  }

  it('lets everybody reach whom they may, by the path and from the address that the rules say, and nobody else', async () => {
    await waitForAllPairs(nodes, 60_000);
    let paths = new Map<string, Path>();
    const areRight = async () => {
      paths = await pathsOf(nodes);
      const wrong = pairsOf(nodes).filter(([a, b]) => paths.get(`${a.name} ${b.name}`) !== pathBetween(a, b));
      if (wrong.length > 0)
        throw new Error(wrong.map(([a, b]) => `${a.name} → ${b.name} ${paths.get(`${a.name} ${b.name}`)}`).join());
      return true;
    };
    await waitFor(areRight, { what: 'every pair to be on its path', timeout: 60_000, every: 500 });
    await expectCalls(TITLE, cells(paths), { timeout: 60_000, print });
    expect(new Set(paths.values())).toEqual(new Set(['direct', 'lan', 'relayed']));
  }, 240_000);

  function cells(paths: ReadonlyMap<string, Path>): Cell[] {
    const own = ({ addresses }: Station) => addresses[0] as string;
    const [xPod, yPod] = pods as [Station, Station];
    const behind: [Station, string][] = [
      [xPod, crossing['x'] as string],
      [yPod, crossing['y'] as string],
    ];
    const node = (name: string) => nodes.find((one) => one.name === name) as Member;
    return [
      ...pairsOf(nodes).map(([from, to]): Cell => {
        return { from, to: own(to), callee: to.name, source: own(from), path: paths.get(`${from.name} ${to.name}`)! };
      }),
      ...nodes.map((from): Cell => ({ from, to: own(database), callee: database.name, source: '10.20.0.1' })),
      ...nodes.flatMap((to): Cell[] => [
        { from: database, to: own(to), callee: to.name, source: null },
        ...(['x', 'y'] as const)
          .filter((name) => name !== to.name)
          .map((name): Cell => {
            const from = name === 'x' ? xPod : yPod;
            return { from, to: own(to), callee: to.name, source: own(node(name)) };
          }),
      ]),
      ...behind.flatMap(([to, address]): Cell[] => [
        ...nodes
          .filter(({ name }) => name !== 'x' && name !== 'y')
          .map((from) => ({ from, to: address, callee: to.name, source: null })),
        ...behind
          .filter(([from]) => from !== to)
          .map(([from, source]) => ({ from, to: address, callee: to.name, source })),
      ]),
      ...pods.map((from): Cell => ({ from, to: own(database), callee: database.name, source: '10.20.0.1' })),
    ];
  }
});

const pairsOf = (nodes: Member[]) => nodes.flatMap((a) => nodes.filter((b) => b !== a).map((b) => [a, b] as const));

async function pathsOf(nodes: Member[]): Promise<Map<string, Path>> {
  const told = await Promise.all(nodes.map(async ({ name, agent }) => ({ name, peers: (await agent.status()).peers })));
  return new Map(told.flatMap(({ name, peers }) => peers.map((peer) => [`${name} ${peer.name}`, peer.path])));
}

/** `npm run lab` shows it last of all. */
function print(outcomes: (Cell & Outcome)[]): string {
  const names = [...new Set(outcomes.map(({ from }) => from.name))];
  const none = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
  const table = new Table({ head: ['from \\ to', ...names], style: { head: [], border: [] }, chars: none });
  for (const from of names)
    table.push([
      from,
      ...names.map((callee) => {
        const found = outcomes.find((one) => one.from.name === from && one.callee === callee);
        return found ? (found.seen && found.path ? found.path : (found.seen ?? '–')) : '';
      }),
    ]);
  const file = process.env.TOMBOLO_LAB_MATRIX;
  if (file) appendFileSync(file, `${TITLE}\n${table.toString()}\n`);
  return table.toString();
}
