import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { INTERFACE } from './agent.js';
import { inventory } from './host-inventory.js';
import { type Member, Mesh } from './mesh.js';
import { LossProbe } from './rig/loss-probe.js';
import { waitForAllPairs } from './rig/reachability.js';
import { waitFor } from './rig/wait-for.js';
import { ToolLog } from './tool-log.js';

/** The kernel tells of these; what it does not tell of is found by looking, every 30 s. */
const NOTICED = 5_000;
const FOUND_BY_LOOKING = 35_000;

describe('an agent', () => {
  let mesh: Mesh;
  let a: Member;
  let b: Member;
  let c: Member;
  let toolsOfA: ToolLog;
  /** Calls of a's agent before nothing more changed for it. */
  let quietSince: number | undefined;

  beforeAll(async () => {
    mesh = await Mesh.start();
    const machine = await mesh.machine('a');
    toolsOfA = await ToolLog.start(machine.host, mesh.rig.directory);
    [a, b, c] = await Promise.all([mesh.enrol(machine, { env: toolsOfA.env }), mesh.join('b'), mesh.join('c')]);
    await waitForAllPairs([a, b, c]);
  }, 120_000);
  afterAll(() => mesh?.close());

  it('that is killed and started again loses no packet, adopts its interface and goes on following', async () => {
    const index = await c.agent.interfaceIndex();
    const [untouched, own] = await Promise.all([probe(a, b, 9001), probe(b, c, 9002)]);
    await c.agent.stop('SIGKILL');
    await own.more(100);
    const d = await mesh.join('d');
    const { publicKey } = await mesh.node('d');
    expect(await c.agent.hasPeer(publicKey)).toBe(false);
    c.agent.run();
    await c.agent.waitFor('the new peer', () => c.agent.hasPeer(publicKey));
    await waitForAllPairs([a, b, c, d]);
    await own.more(100);
    expect(await untouched.stop()).toMatchObject({ lost: 0 });
    expect(await own.stop()).toMatchObject({ lost: 0 });
    expect(await c.agent.interfaceIndex()).toBe(index);
  });

  it('that is stopped leaves the data plane as it is', async () => {
    const index = await c.agent.interfaceIndex();
    const own = await probe(b, c, 9003);
    expect(await c.agent.stop('SIGTERM')).toBe(0);
    const peers = await c.agent.peers();
    expect(peers).toHaveLength(3);
    await own.more(200);
    expect(await own.stop()).toMatchObject({ lost: 0 });
    c.agent.run();
    await c.agent.waitFor('its connection', async () => (await mesh.status('c')).inSync);
    expect(await c.agent.interfaceIndex()).toBe(index);
    quietSince = toolsOfA.calls.length;
  });

  it.each<{ what: string; disturb: () => Promise<unknown>; within: number }>([
    {
      what: 'an address that was removed',
      disturb: () => b.host.ip(`address del ${b.addresses[0]}/32 dev ${INTERFACE}`),
      within: NOTICED,
    },
    {
      what: 'an IPv6 address that was removed',
      disturb: () => b.host.ip(`address del ${b.addresses[1]}/128 dev ${INTERFACE}`),
      within: NOTICED,
    },
    {
      what: 'a route that was removed',
      disturb: () => b.host.ip(`route del 10.90.0.0/16 dev ${INTERFACE}`),
      within: NOTICED,
    },
    { what: 'an interface that was set down', disturb: () => b.host.ip(`link set ${INTERFACE} down`), within: NOTICED },
    { what: 'an interface that was deleted', disturb: () => b.host.ip(`link del ${INTERFACE}`), within: NOTICED },
    { what: 'a peer that was removed', disturb: () => removePeer(b, a), within: FOUND_BY_LOOKING },
  ])('repairs $what', async ({ disturb, within }) => {
    const told = b.agent.changesTold;
    await disturb();
    // By itself, or with a revision that happens to come: either way it tells what was missing.
    await b.agent.waitFor('the repair', () => b.agent.changesTold > told, within);
    expect((await b.agent.status()).drift).toEqual([]);
    await waitForAllPairs([a, b, c]);
  });

  it('does nothing to its own machine while all this happens to others, though it looks', async () => {
    quietSince ??= toolsOfA.calls.length;
    const since = () => toolsOfA.calls.slice(quietSince);
    const looks = () => since().filter((call) => call === `wg show ${INTERFACE} dump`).length;
    await waitFor(() => looks() >= 1, { what: 'a look at the interface', timeout: FOUND_BY_LOOKING });
    expect(since().filter((call) => !/^(wg show|ip (-\S+ )*(\S+ show|monitor)|nft (-\S+ )*list)/.test(call))).toEqual(
      [],
    );
    expect(a.agent.repairsTold).toBe(0);
  });

  it('that leaves takes everything of its own away', async () => {
    const machine = await mesh.machine('e');
    const before = await inventory(machine.host);
    const e = await mesh.enrol(machine);
    const { publicKey } = await mesh.node('e');
    await waitForAllPairs([a, e]);
    expect(await inventory(e.host)).not.toEqual(before);
    await e.agent.stop('SIGTERM');
    await e.agent.leave();
    expect(await inventory(e.host)).toEqual(before);
    expect(existsSync(e.agent.stateDirectory)).toBe(false);
    await a.agent.waitFor('the peer to be gone', async () => !(await a.agent.hasPeer(publicKey)));
  });

  const probe = (from: Member, to: Member, port: number) =>
    LossProbe.start(from.host, { host: to.host, address: to.addresses[0] as string, port });

  async function removePeer(on: Member, of: Member): Promise<void> {
    const { publicKey } = await mesh.node(of.name);
    await on.host.run('wg', ['set', INTERFACE, 'peer', publicKey, 'remove']);
  }
});
