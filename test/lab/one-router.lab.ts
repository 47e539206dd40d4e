import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Machine, type Member, Mesh, NETWORK } from './mesh.js';
import { waitForPath } from './path-of.js';
import { waitForAllPairs } from './rig/reachability.js';
import { waitFor } from './rig/wait-for.js';

/** What all nodes used to listen on. */
const PORT = 51_820;

interface PairView {
  a: { name: string };
  b: { name: string };
  path: string;
  why: string;
}

describe('nodes behind one router that keeps ports', () => {
  let mesh: Mesh;
  let home: string;
  const nodes: Record<string, Member> = {};

  beforeAll(async () => {
    mesh = await Mesh.start();
    const lan = await mesh.lan('cone', 'same-1', 'same-2', 'own');
    const [same1, same2, own] = lan as [Machine, Machine, Machine];
    home = same1.publicAddress;
    // It shall remember the packets below until all have joined, however long that takes.
    await same1.router!.sysctl('net.netfilter.nf_conntrack_udp_timeout', 600);
    const relays = [await mesh.machine('r'), await mesh.machine('s')];
    // Each is the first to be seen by one relay, so each is the second at the other.
    await Promise.all([writeFrom(same1, relays[0]!), writeFrom(same2, relays[1]!)]);
    const joins = [
      ...relays.map((machine) => mesh.enrol(machine)),
      ...[same1, same2].map((machine) => mesh.enrol(machine, { listenPort: PORT })),
      mesh.enrol(own),
    ];
    for (const member of await Promise.all(joins)) nodes[member.name] = member;
    for (const relay of ['r', 's']) await mesh.control.call('PUT', `networks/${NETWORK}/relays/${relay}`, {});
  }, 300_000);
  afterAll(() => mesh?.close());

  const node = (name: string): Member => nodes[name] as Member;

  /** One packet from the port that WireGuard is going to use, so that the router knows it. */
  const writeFrom = ({ host }: Machine, to: Machine): Promise<string> =>
    host.run('node', [
      '-e',
      `const s = require('dgram').createSocket('udp4');
       s.bind(${PORT}, () => s.send('x', ${PORT}, '${to.publicAddress}', () => s.close()));`,
    ]);

  const natOf = async (name: string) => {
    const { nodeId } = await mesh.node(name);
    const path = `networks/${NETWORK}/events?limit=1000&types=NodeReachabilityDecided`;
    const { items } = await mesh.control.call<{ items: { data: { nodeId: string; nat: string } }[] }>('GET', path);
    return items.findLast(({ data }) => data.nodeId === nodeId)?.data.nat;
  };

  const whyOf = async (one: string, other: string): Promise<PairView> => {
    const { items } = await mesh.control.call<{ items: PairView[] }>('GET', `networks/${NETWORK}/paths?limit=1000`);
    return items.find(({ a, b }) => [a.name, b.name].sort().join() === [one, other].sort().join())!;
  };

  it('who is told no port has one of its own there, and the usual one on the internet', async () => {
    const ports = await Promise.all(['r', 'same-1', 'same-2', 'own'].map((name) => node(name).agent.listenPort()));
    expect(ports.slice(0, 3)).toEqual([PORT, PORT, PORT]);
    expect(ports[3]).toBeGreaterThanOrEqual(61_000);
  });

  it('two on one port are shown at several, the third at its own', async () => {
    const kinds = async () => Promise.all(['same-1', 'same-2', 'own'].map(natOf));
    const expected = ['endpoint-dependent', 'endpoint-dependent', 'endpoint-independent'];
    const known = async () => {
      const found = await kinds();
      if (found.join() === expected.join()) return true;
      throw new Error(found.join());
    };
    await waitFor(known, { what: 'the kinds of NAT to be known', timeout: 120_000, every: 500 });
    const seen = await Promise.all(
      ['r', 's'].map(async (name) => {
        const keys = await Promise.all(
          ['same-1', 'same-2', 'own'].map(async (each) => (await mesh.node(each)).publicKey),
        );
        const peers = await node(name).agent.peers();
        return keys.map((key) => peers.find(({ publicKey }) => publicKey === key)?.endpoint);
      }),
    );
    const [atR, atS] = seen as [string[], string[]];
    expect([atR[0], atS[1]]).toEqual([`${home}:${PORT}`, `${home}:${PORT}`]);
    expect([atR[1], atS[0]]).not.toContain(`${home}:${PORT}`);
    expect(atR[2]).toBe(atS[2]);
  }, 200_000);

  it('the two are relayed to other routers, and the status says what to do; the third is punched; all reach each other', async () => {
    nodes.away = await mesh.join('away', { nat: 'cone' });
    const all = Object.values(nodes);
    for (const a of all)
      for (const b of all) if (a !== b) a.host.spawn('ping', ['-q', '-i', '1', b.addresses[0] as string]);
    await waitForAllPairs(all, 120_000);
    await waitForPath([node('own'), node('away')], 'punched', { timeout: 120_000 });
    for (const other of ['same-2', 'own']) await waitForPath([node('same-1'), node(other)], 'lan');
    for (const name of ['same-1', 'same-2']) {
      const other = name === 'same-1' ? 'same-2' : 'same-1';
      const told = async () => {
        const view = await whyOf(name, 'away');
        if (view.path === 'relayed' && view.why.includes('no direct path')) return view;
        throw new Error(`${view.path}: ${view.why}`);
      };
      const { why } = await waitFor(told, { what: `the trial of ${name} to be over`, timeout: 120_000, every: 500 });
      expect(why).toContain(`${name} and ${other} listen on UDP port ${PORT} behind ${home}: give one of them another`);
    }
  }, 500_000);
});
