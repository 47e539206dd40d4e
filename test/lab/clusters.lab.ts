import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Member, Mesh, NETWORK } from './mesh.js';
import { type Station } from './rig/reachability.js';
import { type Call, expectCalls } from './rig/source-matrix.js';
import { waitFor } from './rig/wait-for.js';
import { LEG, Site } from './site.js';

const PODS = '10.42.0.0/16';
const SERVICES = '10.43.0.0/16';
const PODS6 = 'fd42::/64';

/** A cluster with one node in the mesh, a pod, and a service that this pod stands for. */
interface Cluster {
  name: string;
  gate: Member;
  pod: Station;
  /** Real addresses. */
  podAddress: string;
  service: string;
  /** Its pod's other address, where it has IPv6 too. */
  podAddress6?: string;
}

/** Sources and addresses of a cluster as its neighbours see them. */
interface Crossing {
  pod: string;
  service: string;
  pod6?: string;
}

describe('clusters', () => {
  let mesh: Mesh;

  beforeAll(async () => {
    mesh = await Mesh.start();
  }, 120_000);
  afterAll(() => mesh?.close());

  /** Only its gateway node runs an agent; the cluster's own network sends everything else there. */
  async function cluster(name: string, [pods, services, pods6]: [string, string, string?]): Promise<Cluster> {
    const site = await Site.create(mesh.rig, name);
    const machine = await mesh.machine(`${name}-gate`);
    const [router, podAddress, service] = [at(pods, 1), at(pods, 5), at(services, 10)];
    const [router6, podAddress6] = pods6 ? [at(pods6, 1), at(pods6, 5)] : [];
    const and6 = (address: string | undefined, length: string) => (address ? [address + length] : []);
    await site.leg(machine.host, `${router}/16`, ...and6(router6, '/64'));
    const pod = await site.workload(
      'pod',
      [`${podAddress}/16`, ...and6(podAddress6, '/64'), `${service}/32`],
      [router, ...and6(router6, '')],
    );
    await machine.host.ip(`route add ${services} via ${podAddress} dev ${LEG}`);
    const gate = await mesh.enrol(machine);
    const all = pods6 ? [pods, pods6] : [pods];
    await call('POST', 'clusters', { name, pods: all, services: [services], model: 'archipelago' });
    await call('POST', 'gateways', { name, kind: 'cluster', nodes: [gate.name], cluster: name });
    return { name, gate, pod, podAddress, service, ...(podAddress6 && { podAddress6 }) };
  }

  const call = <T>(method: string, path: string, body?: unknown) =>
    mesh.control.call<T>(method, `networks/${NETWORK}/${path}`, body);
  const link = (a: Cluster, b: Cluster) => call('POST', 'cluster-links', { a: a.name, b: b.name });
  const unlink = async (a: Cluster, b: Cluster) => {
    const { items } = await call<{ items: { linkId: string; a: { name: string }; b: { name: string } }[] }>(
      'GET',
      'cluster-links',
    );
    const found = items.find((one) => [one.a.name, one.b.name].sort().join() === [a.name, b.name].sort().join());
    await call('DELETE', `cluster-links/${found?.linkId}`);
  };
  const crossingOf = async ({ name, podAddress, podAddress6, service }: Cluster): Promise<Crossing> => {
    const translate = async (address: string) =>
      (await call<{ crossing: string }>('GET', `clusters/${name}/translate?address=${address}`)).crossing;
    return {
      pod: await translate(podAddress),
      service: await translate(service),
      ...(podAddress6 && { pod6: await translate(podAddress6) }),
    };
  };

  /** Every pod calls every other's pod and service, by the addresses that cross. */
  async function allPairs(clusters: Cluster[]): Promise<Call[]> {
    const crossings = await Promise.all(clusters.map(crossingOf));
    return clusters.flatMap((from, i) =>
      crossings.flatMap((to, j) =>
        i === j
          ? []
          : [to.pod, to.service, ...(to.pod6 ? [to.pod6] : [])].map((target) => {
              const own = crossings[i];
              return pair(from, target, (target === to.pod6 ? own?.pod6 : own?.pod) ?? null);
            }),
      ),
    );
  }

  const pair = (from: Cluster, to: string, source: string | null): Call => ({ from: from.pod, to, source });

  describe('with ranges of their own', () => {
    let a: Cluster;
    let b: Cluster;

    beforeAll(async () => {
      a = await cluster('a', ['10.50.0.0/16', '10.51.0.0/16']);
      b = await cluster('b', ['10.60.0.0/16', '10.61.0.0/16']);
    }, 120_000);

    const neither = () => [pair(a, b.podAddress, null), pair(b, a.podAddress, null)];

    it('reach each other by real addresses, sources kept, once they are linked', async () => {
      await expectCalls('not linked', neither());
      await link(a, b);
      const calls = await allPairs([a, b]);
      expect(calls.map(({ to }) => to)).toEqual([b.podAddress, b.service, a.podAddress, a.service]);
      await expectCalls('two clusters, linked', calls);
    });

    it('pass what is too big for a packet, over a path with a smaller MTU that tells nobody', async () => {
      const bytes = b.pod.host.spawn('node', ['test/lab/rig/programs/serve-bytes.mjs', '7001', '3000000']);
      const sum = await waitFor(() => bytes.printed.trim() || undefined, { what: 'the sum of what shall arrive' });
      await b.gate.host.ip('link set eth0 mtu 1400');
      for (const { pod } of [a, b])
        await pod.host.nft(`table ip deaf {
  chain in { type filter hook input priority filter; icmp type destination-unreachable drop
  }
}`);
      const download = `exec 3<>/dev/tcp/${b.podAddress}/7001 && sha256sum <&3`;
      expect(await a.pod.host.run('timeout', ['20', 'bash', '-c', download])).toContain(sum);
    });

    it('no longer reach each other when the link is gone', async () => {
      await unlink(a, b);
      await mesh.waitUntilInSync([a.gate, b.gate]);
      await expectCalls('unlinked', neither());
    });
  });

  describe('that all have the same ranges', () => {
    let clusters: Cluster[];

    beforeAll(async () => {
      clusters = [];
      for (const name of ['x', 'y', 'z']) clusters.push(await cluster(name, [PODS, SERVICES, PODS6]));
    }, 120_000);

    it('all talk to each other by virtual addresses, both ways, pods and services', async () => {
      const [x, y, z] = clusters as [Cluster, Cluster, Cluster];
      await link(x, y);
      await link(y, z);
      await link(x, z);
      const crossings = await Promise.all(clusters.map(crossingOf));
      const all = crossings.flatMap(({ pod, service, pod6 }) => [pod, service, pod6]);
      expect(new Set(all).size).toBe(9);
      for (const { pod, service, pod6 } of crossings) {
        expect(pod6).toMatch(/^fd64:.*::5$/);
        expect(pod).toMatch(/\.0\.5$/);
        expect(service).toMatch(/\.0\.10$/);
      }
      await expectCalls('three clusters with the same ranges', await allPairs(clusters));
    });

    it('keep their virtual addresses when links come and go', async () => {
      const [x, y, z] = clusters as [Cluster, Cluster, Cluster];
      const before = await Promise.all(clusters.map(crossingOf));
      await unlink(x, z);
      await mesh.waitUntilInSync(clusters.map(({ gate }) => gate));
      expect(await Promise.all(clusters.map(crossingOf))).toEqual(before);
      await expectCalls('x and z are no longer linked', [
        ...(await allPairs([x, y])),
        ...(await allPairs([y, z])),
        pair(x, before[2]?.pod as string, null),
        pair(z, before[0]?.pod as string, null),
      ]);
    });
  });
});

/** The n-th address of an IPv4 /16, or of an IPv6 range. */
const at = (cidr: string, n: number) => cidr.replace(/0\.0\/16$/, `0.${n}`).replace(/::\/64$/, `::${n}`);
