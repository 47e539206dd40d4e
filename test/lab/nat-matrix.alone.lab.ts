import Table from 'cli-table3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Machine, type Member, Mesh, NETWORK } from './mesh.js';
import { waitForAllPairs } from './rig/reachability.js';
import { waitFor } from './rig/wait-for.js';

type Place = 'public' | 'full' | 'cone' | 'lan' | 'firewall' | 'symmetric' | 'carrier';
type Path = 'direct' | 'lan' | 'punched' | 'relayed';

/** Whose port is the same for all. */
const STEADY: readonly Place[] = ['full', 'cone', 'lan', 'firewall'];

/** The paths that a pair may end at. Behind a router that lets anybody in, a node may turn out to be as good as public. */
function expected(a: Place, b: Place): Path[] {
  if (a === 'public' || b === 'public') return ['direct'];
  if (a === 'lan' && b === 'lan') return ['lan'];
  if (a === 'full' || b === 'full') return ['punched', 'direct'];
  return STEADY.includes(a) && STEADY.includes(b) ? ['punched'] : ['relayed'];
}

const PLACES: readonly Place[] = ['public', 'full', 'cone', 'lan', 'firewall', 'symmetric', 'carrier'];

/** 182 pairs that all punch at once need the machine for themselves: beside other scenarios they are late, and put off. */
describe('two nodes in every kind of place', () => {
  let mesh: Mesh;
  let nodes: (Member & { place: Place })[] = [];

  beforeAll(async () => {
    mesh = await Mesh.start();
    const lan = await mesh.lan('cone', 'lan-1', 'lan-2');
    const machines: [Place, Machine][] = lan.map((machine) => ['lan', machine]);
    for (const place of PLACES)
      for (const n of place === 'lan' ? [] : [1, 2]) machines.push([place, await machineAt(place, `${place}-${n}`)]);
    nodes = await Promise.all(machines.map(async ([place, machine]) => ({ ...(await mesh.enrol(machine)), place })));
    for (const relay of ['public-1', 'public-2'])
      await mesh.control.call('PUT', `networks/${NETWORK}/relays/${relay}`, {});
  }, 300_000);
  afterAll(() => mesh?.close());

  function machineAt(place: Place, name: string): Promise<Machine> {
    if (place === 'carrier') return mesh.carried(name);
    if (place === 'firewall') return mesh.firewalled(name);
    const kinds = { full: 'fullcone', cone: 'cone', symmetric: 'symmetric' } as const;
    return mesh.machine(name, place === 'public' || place === 'lan' ? undefined : kinds[place]);
  }

  it('reach each other, and end on the path that their places allow', async () => {
    for (const a of nodes)
      for (const b of nodes) if (a !== b) a.host.spawn('ping', ['-q', '-i', '1', b.addresses[0] as string]);
    await waitForAllPairs(nodes, 120_000);
    let paths = new Map<string, Path>();
    const wrong = async () => {
      paths = await pathsOf();
      return pairs().filter(
        ({ a, b }) => !expected(a.place, b.place).includes(paths.get(`${a.name} ${b.name}`) as Path),
      );
    };
    const areRight = async () => {
      const others = (await wrong()).map(({ a, b }) => `${a.name} → ${b.name} ${paths.get(`${a.name} ${b.name}`)}`);
      if (others.length > 0) throw new Error(others.join(', '));
      return true;
    };
    try {
      await waitFor(areRight, { what: 'all pairs to end on their path', timeout: 180_000, every: 2_000 });
    } finally {
      print(paths);
    }
    await waitForAllPairs(nodes);
    expect(await wrong()).toEqual([]);
  }, 400_000);

  const pairs = () => nodes.flatMap((a) => nodes.filter((b) => b !== a).map((b) => ({ a, b })));

  async function pathsOf(): Promise<Map<string, Path>> {
    const statuses = await Promise.all(
      nodes.map(async ({ name, agent }) => ({ name, peers: (await agent.status()).peers })),
    );
    return new Map(statuses.flatMap(({ name, peers }) => peers.map((peer) => [`${name} ${peer.name}`, peer.path])));
  }

  function print(paths: ReadonlyMap<string, Path>): void {
    const names = nodes.map(({ name }) => name);
    const table = new Table({ head: ['', ...names], style: { head: [], border: [] } });
    for (const from of names) table.push([from, ...names.map((to) => paths.get(`${from} ${to}`) ?? '')]);
    console.log(`paths\n${table.toString()}`);
  }
});
