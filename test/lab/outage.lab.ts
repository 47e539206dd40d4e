import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { INTERFACE } from './agent.js';
import { type Member, Mesh } from './mesh.js';
import { LossProbe } from './rig/loss-probe.js';
import { waitForAllPairs } from './rig/reachability.js';
import { waitFor } from './rig/wait-for.js';

describe('with no control plane', () => {
  let mesh: Mesh;
  let a: Member;
  let b: Member;
  let c: Member;

  beforeAll(async () => {
    mesh = await Mesh.start();
    [a, b, c] = await Promise.all([mesh.join('a'), mesh.join('b'), mesh.join('c')]);
    await waitForAllPairs([a, b, c]);
  }, 120_000);
  afterAll(() => mesh?.close());

  it('a machine that lost its interface and its agent is back in the mesh when the agent runs; the others lose nothing', async () => {
    const others = await LossProbe.start(b.host, { host: c.host, address: c.addresses[0] as string, port: 9001 });
    await mesh.control.stop('SIGTERM');
    await a.agent.stop('SIGKILL');
    await a.host.ip(`link del ${INTERFACE}`);
    expect(await b.host.pings(a.addresses[0] as string)).toBe(false);

    a.agent.run();
    // Who still has a session with the interface that is gone would send in vain for 15 s.
    await waitFor(() => b.host.pings(a.addresses[0] as string), { what: 'a to be reached again', timeout: 13_000 });
    await waitForAllPairs([a, b, c]);
    expect((await others.stop()).lost).toBe(0);
  });

  it('a machine that starts anew, with nothing but its disk, is back in the mesh', async () => {
    await a.host.crash();
    await a.host.attempt('ip', ['link', 'del', INTERFACE]); // the kernel's own WireGuard outlives its programs
    a.agent.run();
    await waitForAllPairs([a, b, c]);
  });

  it('when it is back, agents follow it as before', async () => {
    await mesh.control.start();
    await mesh.waitUntilInSync([a, b, c]);
    const d = await mesh.join('d');
    await waitForAllPairs([a, b, c, d]);
  });
});
