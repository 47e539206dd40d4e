import Table from 'cli-table3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Machine, type Member, Mesh, NETWORK } from './mesh.js';
import { waitForAllPairs } from './rig/reachability.js';
import { waitFor } from './rig/wait-for.js';

type Place = 'public' | 'full' | 'cone' | 'lan' | 'firewall' | 'symmetric' | 'carrier';
type Path = 'public' | 'lan' | 'punched' | 'relayed' | 'none';

/** Whose port is the same for all. */
const STEADY: readonly Place[] = ['full', 'cone', 'lan', 'firewall'];

/** The paths that a pair may end at. Behind a router that lets anybody in, a node may turn out to be as good as public. */
function expected(a: Place, b: Place): Path[] {
  if (a === 'public' || b === 'public') return ['public'];
  if (a === 'lan' && b === 'lan') return ['lan'];
  if (a === 'full' || b === 'full') return ['punched', 'public'];
  return STEADY.includes(a) && STEADY.includes(b) ? ['punched'] : ['relayed'];
}

const PLACES: readonly Place[] = ['public', 'full', 'cone', 'lan', 'firewall', 'symmetric', 'carrier'];

interface PairView {
  a: { name: string };
  b: { name: string };
  path: Path;
  why: string;
}

/** 91 pairs that all punch at once need the machine for themselves: beside other scenarios they are late, and put off. */
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
    let pairs: PairView[] = [];
    const areRight = async () => {
      pairs = await pairsOf();
      const others = pairs.filter(isWrong).map(({ a, b, path, why }) => `\n${a.name} × ${b.name} ${path}: ${why}`);
      if (others.length > 0) throw new Error(others.join(''));
      return pairs.length === (nodes.length * (nodes.length - 1)) / 2;
    };
    try {
      await waitFor(areRight, { what: 'all pairs to end on their path', timeout: 180_000, every: 500 });
    } finally {
      print(pairs);
    }
    await waitForAllPairs(nodes);
    const agree = async () => {
      const others = (await toldByAgents()).filter(({ a, b, path }) => !isExpected(a, b, path));
      if (others.length > 0) throw new Error(others.map(({ a, b, path }) => `${a} → ${b} ${path}`).join(', '));
      return true;
    };
    await waitFor(agree, { what: 'agents to tell the same', timeout: 60_000, every: 2_000 });
  }, 400_000);

  const placeOf = (name: string) => nodes.find((node) => node.name === name)!.place;
  const isExpected = (a: string, b: string, path: Path) => expected(placeOf(a), placeOf(b)).includes(path);
  const isWrong = ({ a, b, path }: PairView) => !isExpected(a.name, b.name, path);

  /** As the control plane's status tells. */
  const pairsOf = async () =>
    (await mesh.control.call<{ items: PairView[] }>('GET', `networks/${NETWORK}/paths?limit=1000`)).items;

  /** What an agent calls direct is public. */
  async function toldByAgents(): Promise<{ a: string; b: string; path: Path }[]> {
    const told = await Promise.all(
      nodes.map(async ({ name, agent }) =>
        (await agent.status()).peers.map((peer) => ({
          a: name,
          b: peer.name,
          path: peer.path === 'direct' ? ('public' as const) : peer.path,
        })),
      ),
    );
    expect(told.map((peers) => peers.length)).toEqual(nodes.map(() => nodes.length - 1));
    return told.flat();
  }

  function print(pairs: PairView[]): void {
    const names = nodes.map(({ name }) => name);
    const paths: Record<string, Path> = {};
    for (const { a, b, path } of pairs) paths[`${a.name} ${b.name}`] = paths[`${b.name} ${a.name}`] = path;
    const table = new Table({ head: ['', ...names], style: { head: [], border: [] } });
    for (const from of names) table.push([from, ...names.map((to) => paths[`${from} ${to}`] ?? '')]);
    console.log(`paths\n${table.toString()}`);
  }
});
