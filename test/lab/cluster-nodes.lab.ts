import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Machine, type Member, Mesh, NETWORK } from './mesh.js';
import { type Station } from './rig/reachability.js';
import { type Call, expectCalls } from './rig/source-matrix.js';
import { waitFor } from './rig/wait-for.js';
import { LEG, Site } from './site.js';

/** A node of a cluster, with an agent and a pod. */
interface Node {
  member: Member;
  pod: Station;
  podAddress: string;
}

interface Cluster {
  name: string;
  nodes: Node[];
}

/** Clusters whose nodes all run agents. Those outside the door send what crosses through it; the cluster's own network brings it in. */
describe('clusters with agents on all nodes', () => {
  let mesh: Mesh;
  let west: Cluster;
  let east: Cluster;
  let north: Cluster;

  beforeAll(async () => {
    mesh = await Mesh.start();
    west = await cluster('west', { net: '10.42', lan: '192.168.1', size: 3, doors: 2 });
    east = await cluster('east', { net: '10.42', lan: '192.168.2', size: 2, doors: 1 });
    north = await cluster('north', { net: '10.60', lan: '192.168.3', size: 2, doors: 1 });
  }, 180_000);
  afterAll(() => mesh?.close());

  const call = <T>(method: string, path: string, body?: unknown) =>
    mesh.control.call<T>(method, `networks/${NETWORK}/${path}`, body);

  /** Node n has the pods `<net>.n.0/24`, and routes to those of the others over the cluster's own network. */
  async function cluster(
    name: string,
    { net, lan, size, doors }: { net: string; lan: string; size: number; doors: number },
  ): Promise<Cluster> {
    const site = await Site.create(mesh.rig, name);
    const numbers = Array.from({ length: size }, (_, i) => i + 1);
    const build = async (n: number): Promise<{ machine: Machine; pod: Station; podAddress: string }> => {
      const machine = await mesh.machine(`${name}-${n}`);
      const [router, podAddress] = [`${net}.${n}.1`, `${net}.${n}.5`];
      await site.leg(machine.host, `${router}/24`, `${lan}.${n}/24`);
      await machine.host.sysctl('net.ipv4.ip_forward', 1); // as every cluster sets it on its nodes
      const others = numbers.filter((other) => other !== n);
      await machine.host.ip(...others.map((other) => `route add ${net}.${other}.0/24 via ${lan}.${other} dev ${LEG}`));
      return { machine, pod: await site.workload(`pod-${n}`, [`${podAddress}/24`], [router]), podAddress };
    };
    const built = await Promise.all(numbers.map(build));
    const nodes = await Promise.all(
      built.map(async ({ machine, ...rest }): Promise<Node> => ({ member: await mesh.enrol(machine), ...rest })),
    );
    await call('POST', 'clusters', { name, pods: [`${net}.0.0/16`], model: 'archipelago' });
    for (const [i, { member }] of nodes.entries())
      await call('PUT', `clusters/${name}/members/${member.name}`, { pods: [`${net}.${i + 1}.0/24`] });
    const door = nodes.slice(0, doors).map(({ member }) => member.name);
    await call('POST', 'gateways', { name, kind: 'cluster', nodes: door, cluster: name });
    return { name, nodes };
  }

  const link = (a: Cluster, b: Cluster) => call('POST', 'cluster-links', { a: a.name, b: b.name });

  const crossing = async ({ name }: Cluster, { podAddress }: Node): Promise<string> =>
    (await call<{ crossing: string }>('GET', `clusters/${name}/translate?address=${podAddress}`)).crossing;

  /** Each pod of one calls each of the other, and the other way round, by the addresses that cross. */
  async function bothWays(a: Cluster, b: Cluster, of: (node: Node) => boolean = () => true): Promise<Call[]> {
    const oneWay = async (from: Cluster, to: Cluster) => {
      const callers = from.nodes.filter(of);
      const called = await Promise.all(to.nodes.filter(of).map((node) => crossing(to, node)));
      const sources = await Promise.all(callers.map((node) => crossing(from, node)));
      return callers.flatMap(({ pod }, i) =>
        called.map((address) => ({ from: pod, to: address, source: sources[i]! })),
      );
    };
    return [...(await oneWay(a, b)), ...(await oneWay(b, a))];
  }

  it('with ranges of their own: every pod reaches every pod, sources kept, also through a door on another node', async () => {
    await link(west, north);
    const calls = await bothWays(west, north);
    expect(calls).toHaveLength(12);
    expect(calls[0]).toMatchObject({ to: '10.60.1.5', source: '10.42.1.5' });
    await expectCalls('agents on all nodes', calls);
  });

  it('with the same ranges: likewise, by virtual addresses', async () => {
    await link(west, east);
    const calls = await bothWays(west, east);
    expect(calls.every(({ to, source }) => [to, source].every((address) => address?.startsWith('100.')))).toBe(true);
    await expectCalls('agents on all nodes, the same ranges', calls);
  });

  it('whose door dies go through the next member of the door, both ways', async () => {
    const active = () => call<{ active: { name: string } | null }>('GET', 'gateways/west');
    const before = (await active()).active?.name;
    const dead = west.nodes.find(({ member }) => member.name === before) as Node;
    await dead.member.host.crash();
    await waitFor(async () => (await active()).active?.name !== before, {
      what: 'the other to serve',
      timeout: 30_000,
    });
    const alive = (node: Node) => node !== dead;
    await expectCalls('the door of west has moved', [
      ...(await bothWays(west, east, alive)),
      ...(await bothWays(west, north, alive)),
    ]);
  });
});
