import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HOST_RULES } from '../support/host-rules.js';
import { inventory } from './host-inventory.js';
import { type Member, Mesh, NETWORK } from './mesh.js';
import { type Station, waitForAllPairs } from './rig/reachability.js';
import { expectCalls } from './rig/source-matrix.js';
import { Site } from './site.js';

/** A private network 10.20.0.0/24 and fd20::/64 with a database, behind the node `gate`; `user` is anywhere. */
describe('an egress gateway', () => {
  let mesh: Mesh;
  let user: Member;
  let gate: Member;
  let database: Station;
  /** Of the gate, before it joined. */
  let before: Awaited<ReturnType<typeof inventory>>;

  beforeAll(async () => {
    mesh = await Mesh.start();
    const site = await Site.create(mesh.rig, 'site');
    const machine = await mesh.machine('gate');
    await site.leg(machine.host, '10.20.0.1/24', 'fd20::1/64');
    await machine.host.nft(HOST_RULES);
    before = await inventory(machine.host);
    [gate, user] = await Promise.all([mesh.enrol(machine), mesh.join('user')]);
    database = await site.workload('db', ['10.20.0.5/24', 'fd20::5/64']);
    await waitForAllPairs([user, gate]);
  }, 120_000);
  afterAll(() => mesh?.close());

  const gateways = `networks/${NETWORK}/gateways`;
  const [ip4, ip6] = ['10.20.0.5', 'fd20::5'];

  it('with masquerade lends its own address, so that nobody behind it needs a route', async () => {
    await expectCalls('no gateway', [{ from: user, to: ip4, source: null }]);
    await mesh.control.call('POST', gateways, {
      name: 'site',
      kind: 'egress',
      nodes: ['gate'],
      ranges: ['10.20.0.0/24', 'fd20::/64'],
      masquerade: true,
    });
    await expectCalls('egress with masquerade', [
      { from: user, to: ip4, source: '10.20.0.1' },
      { from: user, to: ip6, source: 'fd20::1' },
      { from: database, to: user.addresses[0] as string, source: null },
    ]);
  });

  it("changes nothing of what the machine's own firewall holds", async () => {
    const rules = await gate.host.run('nft', ['-s', 'list', 'ruleset']);
    const ours = await gate.host.run('nft', ['-s', 'list', 'table', 'inet', 'tombolo_tmb0']);
    expect(rules).toContain(ours);
    expect(rules.replace(ours, '')).toBe(before['nft -s list ruleset']);
  });

  it('without it keeps the source, as soon as the return route that status asks for is there', async () => {
    await mesh.control.call('PATCH', `${gateways}/site`, { masquerade: false });
    await mesh.waitUntilInSync([user, gate]);
    const status = await mesh.control.call<{ gateways: { needs: string[] }[] }>('GET', `networks/${NETWORK}/status`);
    expect(status.gateways[0]?.needs.join()).toMatch(/10\.90\.0\.0\/16/);
    await expectCalls('no masquerade, no return route', [{ from: user, to: ip4, source: null }]);

    await database.host.ip('route add 10.90.0.0/16 via 10.20.0.1', 'route add fd90::/64 via fd20::1');
    await expectCalls('no masquerade, return route set', [
      { from: user, to: ip4, source: user.addresses[0] as string },
      { from: user, to: ip6, source: user.addresses[1] as string },
      // One way: what stands behind an egress gateway opens no connection into the mesh.
      { from: database, to: user.addresses[0] as string, source: null },
    ]);
  });

  it('that is deleted leaves nothing: no way, no route, no forwarding', async () => {
    await mesh.control.call('DELETE', `${gateways}/site`);
    await mesh.waitUntilInSync([user, gate]);
    await expectCalls('deleted', [{ from: user, to: ip4, source: null }]);
    expect(await user.host.run('ip', ['route', 'get', ip4])).not.toContain('tmb0');
    expect((await gate.host.run('sysctl', ['-n', 'net.ipv4.ip_forward'])).trim()).toBe('0');
    await waitForAllPairs([user, gate]);
  });

  it('whose machine leaves in the middle of its service leaves that as it was', async () => {
    await mesh.control.call('POST', gateways, {
      name: 'again',
      kind: 'egress',
      nodes: ['gate'],
      ranges: ['10.20.0.0/24'],
    });
    await gate.agent.waitFor('forwarding', async () => {
      return (await gate.host.run('sysctl', ['-n', 'net.ipv4.ip_forward'])).trim() === '1';
    });
    await mesh.waitUntilInSync([gate]);
    expect(await inventory(gate.host)).not.toEqual(before);
    await gate.agent.stop('SIGTERM');
    await gate.agent.leave();
    expect(await inventory(gate.host)).toEqual(before);
  });
});
