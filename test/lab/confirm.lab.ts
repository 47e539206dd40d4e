import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Member, Mesh, NETWORK } from './mesh.js';
import { LossProbe } from './rig/loss-probe.js';
import { waitForAllPairs } from './rig/reachability.js';
import { waitFor } from './rig/wait-for.js';

/** Holds the control plane's address, 203.0.113.1, and no other machine's. */
const RANGE = '203.0.113.0/30';

/** 3 s to notice, 20 s to search another way, then a connection over the old one. */
const PATIENCE = 60_000;

describe('a change that cuts its own way to the control plane', () => {
  let mesh: Mesh;
  let a: Member;
  let b: Member;
  let c: Member;

  beforeAll(async () => {
    mesh = await Mesh.start();
    [a, b, c] = await Promise.all([mesh.join('a'), mesh.join('b'), mesh.join('c')]);
    await waitForAllPairs([a, b, c]);
  }, 300_000);
  afterAll(() => mesh?.close());

  it('is taken back by those whom it cuts off, and told; no tunnel loses a packet', async () => {
    const held = (await a.agent.status()).revision;
    const probe = await LossProbe.start(a.host, { host: c.host, address: c.addresses[0] as string, port: 9100 });
    // Nobody behind b knows the way back to a mesh address.
    await mesh.control.call('POST', `networks/${NETWORK}/gateways`, {
      name: 'trap',
      kind: 'egress',
      nodes: ['b'],
      ranges: [RANGE],
      masquerade: false,
    });
    await a.agent.waitFor('the trap to be applied', () => routes(a, RANGE));
    await waitFor(() => rejectionOf('a'), { what: 'a to tell of it', timeout: PATIENCE });
    await waitFor(() => rejectionOf('c'), { what: 'c to tell of it', timeout: PATIENCE });

    expect(await rejectionOf('a')).toMatch(/out of reach/);
    expect(await routes(a, RANGE)).toBe(false);
    expect((await a.agent.status()).revision).toBe(held);
    expect((await a.agent.status()).drift).toEqual([]);
    await waitForAllPairs([a, b, c]);
    expect((await probe.stop()).lost).toBe(0);
  }, 180_000);

  it('a machine that starts anew in between is not cut off either', async () => {
    await a.host.crash();
    a.agent.run();
    await waitForAllPairs([a, b, c]);
    await a.agent.waitFor('the trap to be tried again', () => routes(a, RANGE));
    await a.agent.waitFor('it to be taken back', async () => !(await routes(a, RANGE)), PATIENCE);
  }, 180_000);

  it('without it the network goes on as before', async () => {
    await mesh.control.call('DELETE', `networks/${NETWORK}/gateways/trap`);
    await mesh.waitUntilInSync([a, b, c]);
    const d = await mesh.join('d');
    await waitForAllPairs([a, b, c, d]);
  }, 180_000);

  /** What a node told when it refused its newest revision; undefined while it did not, or said another thing. */
  async function rejectionOf(name: string): Promise<string | undefined> {
    const { nodes } = await mesh.control.call<{ nodes: Told[] }>('GET', `networks/${NETWORK}/status`);
    return nodes.find((node) => node.name === name)?.rejected?.errors[0]?.message;
  }
});

interface Told {
  name: string;
  rejected: { errors: { message: string }[] } | null;
}

const routes = async ({ host }: Member, cidr: string) =>
  (await host.run('ip', ['route', 'show', cidr])).includes('tmb0');
