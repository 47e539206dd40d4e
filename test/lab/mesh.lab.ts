import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NATS_PORT } from './control-plane.js';
import { type Member, Mesh, NETWORK } from './mesh.js';
import { matrixTable, reachability, waitForAllPairs } from './rig/reachability.js';
import { waitFor } from './rig/wait-for.js';

describe('a mesh', () => {
  let mesh: Mesh;
  let a: Member;
  let b: Member;
  let c: Member;
  let d: Member;

  beforeAll(async () => {
    mesh = await Mesh.start();
  }, 300_000);
  afterAll(() => mesh?.close());

  it('of three nodes, one of them behind a router, pings on all pairs', async () => {
    [a, b, c] = await Promise.all([mesh.join('a'), mesh.join('b'), mesh.join('c', { nat: 'cone' })]);
    expect([a, b, c].map(({ addresses }) => addresses.length)).toEqual([2, 2, 2]);
    await waitForAllPairs([a, b, c]);
    await printMatrix('three nodes', [a, b, c]);
  });

  it('gains a node: everybody reaches it', async () => {
    d = await mesh.join('d');
    await waitForAllPairs([a, b, c, d]);
    await printMatrix('one more', [a, b, c, d]);
  });

  it('loses a node that is disabled, on every other, and has it back when it is enabled', async () => {
    const { publicKey } = await mesh.node('d');
    await mesh.control.call('POST', `networks/${NETWORK}/nodes/d/disable`);
    await waitUntilNobodyHas(publicKey, [a, b, c]);
    await waitFor(async () => (await d.agent.peers()).length === 0, { what: 'd to have no peer' });
    await printMatrix('d is disabled', [a, b, c, d]);
    expect(await a.host.pings(d.addresses[0] as string)).toBe(false);

    await mesh.control.call('POST', `networks/${NETWORK}/nodes/d/enable`);
    await waitForAllPairs([a, b, c, d]);
  });

  it('forgets a node that is removed: no peer, no way, no connection to the broker', async () => {
    const { publicKey } = await mesh.node('d');
    expect(await brokerConnections(d)).toBe(1);
    await mesh.control.call('DELETE', `networks/${NETWORK}/nodes/d`);
    await waitFor(async () => (await brokerConnections(d)) === 0, { what: 'the connection of d to be cut' });
    await waitUntilNobodyHas(publicKey, [a, b, c]);
    expect(await d.host.pings(a.addresses[0] as string)).toBe(false);
    expect((await mesh.control.attempt('GET', `networks/${NETWORK}/nodes/d`)).status).toBe(404);
    await waitForAllPairs([a, b, c]);
    await printMatrix('d is removed', [a, b, c]);
  });

  async function waitUntilNobodyHas(publicKey: string, members: Member[]): Promise<void> {
    for (const { agent } of members)
      await agent.waitFor('the peer to be gone', async () => !(await agent.hasPeer(publicKey)));
  }

  /** Established connections from this member to the broker, as the broker's host sees them. */
  async function brokerConnections(member: Member): Promise<number> {
    const filter = `sport = :${NATS_PORT} and dst ${member.publicAddress}`;
    const lines = await mesh.control.host.run('ss', ['-Htn', 'state', 'established', filter]);
    return lines.split('\n').filter((line) => line !== '').length;
  }
});

async function printMatrix(title: string, members: Member[]): Promise<void> {
  process.stdout.write(`${title}\n${matrixTable(await reachability(members))}\n`);
}
