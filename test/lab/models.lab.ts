import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Member, Mesh, NETWORK } from './mesh.js';
import { type Station } from './rig/reachability.js';
import { expectCalls, startTeller, TELLER_PORT } from './rig/source-matrix.js';
import { LEG, Site } from './site.js';

/** Four clusters of four models in one network, each with one node in the mesh and one pod; and a node of no cluster. */
describe('network models side by side', () => {
  let mesh: Mesh;
  let user: Member;
  let island: Cluster;
  let shore: Cluster;
  let isle: Cluster;
  let isolated: Cluster;
  let flat: Cluster;

  interface Cluster {
    gate: Member;
    pod: Station;
    podAddress: string;
  }

  beforeAll(async () => {
    mesh = await Mesh.start();
    user = await mesh.join('user');
    island = await cluster('island', '10.71', 'island');
    // The ranges of an island and of an isolated cluster may be anybody's.
    isolated = await cluster('isolated', '10.71', 'isolated');
    shore = await cluster('shore', '10.73', 'archipelago');
    isle = await cluster('isle', '10.74', 'archipelago');
    flat = await cluster('flat', '10.75', 'flat');
    await call('POST', 'cluster-links', { a: 'shore', b: 'isle' });
  }, 180_000);
  afterAll(() => mesh?.close());

  const call = <T>(method: string, path: string, body?: unknown) =>
    mesh.control.call<T>(method, `networks/${NETWORK}/${path}`, body);

  /** Pods in `<prefix>.0.0/17`, services in `<prefix>.128.0/17`. */
  async function cluster(name: string, prefix: string, model: string): Promise<Cluster> {
    const site = await Site.create(mesh.rig, name);
    const machine = await mesh.machine(`${name}-gate`);
    const [pods, services] = [`${prefix}.0.0/17`, `${prefix}.128.0/17`];
    const [router, podAddress, service] = [`${prefix}.0.1`, `${prefix}.0.5`, `${prefix}.128.10`];
    await site.leg(machine.host, `${router}/17`);
    await machine.host.sysctl('net.ipv4.ip_forward', 1); // as every cluster sets it on its nodes
    const pod = await site.workload('pod', [`${podAddress}/17`, `${service}/32`], [router]);
    await machine.host.ip(`route add ${services} via ${podAddress} dev ${LEG}`);
    const gate = await mesh.enrol(machine);
    await call('POST', 'clusters', { name, pods: [pods], services: [services], model });
    await call('PUT', `clusters/${name}/members/${gate.name}`, { pods: [pods] });
    if (model === 'island' || model === 'archipelago')
      await call('POST', 'gateways', { name, kind: 'cluster', nodes: [gate.name], cluster: name });
    return { gate, pod, podAddress };
  }

  const meshAddress = ({ addresses }: Member) => addresses[0] as string;

  it('let through what each model lets through, from the source that it says', async () => {
    const to = meshAddress(user);
    await startTeller(user.host);
    await expectCalls('models', [
      { from: island.pod, to, source: meshAddress(island.gate) },
      { from: isolated.pod, to, source: null },
      { from: shore.pod, to, source: meshAddress(shore.gate) },
      { from: flat.pod, to, source: flat.podAddress },
      { from: shore.pod, to: isle.podAddress, source: shore.podAddress },
      { from: isle.pod, to: shore.podAddress, source: isle.podAddress },
      { from: user, to: flat.podAddress, source: meshAddress(user) },
      { from: user, to: island.podAddress, source: null },
      { from: user, to: isolated.podAddress, source: null },
      { from: user, to: shore.podAddress, source: null },
      { from: shore.pod, to: flat.podAddress, source: meshAddress(shore.gate) },
      { from: flat.pod, to: shore.podAddress, source: null },
    ]);
  });

  it('count what an isolated cluster drops', async () => {
    const { drops } = await isolated.gate.agent.status();
    expect(drops.reduce((sum, { packets }) => sum + packets, 0)).toBeGreaterThan(0);
  });

  it('let an island publish a service on a mesh address', async () => {
    const { mesh: published, publicationId } = await call<{
      publicationId: string;
      mesh: { address: string; port: number };
    }>('POST', 'publications', {
      cluster: 'island',
      service: { address: '10.71.128.10', port: TELLER_PORT },
      mesh: { port: 8443 },
    });
    const service = { to: published.address, port: 8443 };
    await expectCalls('a published service', [
      { from: user, ...service, source: meshAddress(user) },
      { from: flat.pod, ...service, source: flat.podAddress },
      { from: user, to: published.address, port: TELLER_PORT, source: null },
      { from: user, to: island.podAddress, source: null },
    ]);
    await call('DELETE', `publications/${publicationId}`);
    await mesh.waitUntilInSync([island.gate, user]);
    await expectCalls('withdrawn', [{ from: user, ...service, source: null }]);
  });
});
