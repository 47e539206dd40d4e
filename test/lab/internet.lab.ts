import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CONTROL, type Member, Mesh, NETWORK } from './mesh.js';
import { waitForAllPairs } from './rig/reachability.js';
import { expectCalls, startTeller } from './rig/source-matrix.js';

const WEB = '203.0.113.200';

describe('an internet gateway', () => {
  let mesh: Mesh;
  let user: Member;
  let other: Member;
  let exit: Member;
  let routesBefore: string;

  beforeAll(async () => {
    mesh = await Mesh.start();
    [user, other, exit] = await Promise.all([mesh.join('user'), mesh.join('other'), mesh.join('exit')]);
    const web = await mesh.rig.host('web');
    await mesh.internet.attach(web, WEB);
    await startTeller(web);
    await waitForAllPairs([user, other, exit]);
    routesBefore = await routing();
  }, 120_000);
  afterAll(() => mesh?.close());

  /** Rules and routes of both families, the mesh's own included. */
  async function routing(): Promise<string> {
    const looks = [
      ['rule'],
      ['route', 'show', 'table', 'all'],
      ['-6', 'rule'],
      ['-6', 'route', 'show', 'table', 'all'],
    ];
    const outputs = await Promise.all(looks.map((words) => user.host.run('ip', words)));
    return outputs.join('\n').replaceAll(/ (expires|hoplimit) \S+/g, '');
  }

  it('carries all of the traffic of its users, and of nobody else', async () => {
    await expectCalls('no internet gateway', [{ from: user, to: WEB, source: user.publicAddress }]);
    const users = { nodes: ['user'] };
    await mesh.control.call('POST', `networks/${NETWORK}/gateways`, {
      name: 'exit',
      kind: 'internet',
      nodes: ['exit'],
      users,
    });
    await expectCalls('an internet gateway', [
      { from: user, to: WEB, source: exit.publicAddress },
      { from: other, to: WEB, source: other.publicAddress },
      { from: exit, to: WEB, source: exit.publicAddress },
    ]);
    expect(await user.host.run('ip', ['-6', 'route', 'get', '2001:db8::1'])).toContain('tmb0');
    expect(await user.host.run('ip', ['route', 'get', CONTROL])).toContain('eth0');
    await waitForAllPairs([user, other, exit]);
  });

  it('leaves the control plane outside: the user still hears of changes', async () => {
    const late = await mesh.join('late');
    await waitForAllPairs([user, other, exit, late]);
    await mesh.waitUntilInSync([user]);
  });

  it('that is deleted gives the former routes back', async () => {
    await mesh.control.call('DELETE', `networks/${NETWORK}/gateways/exit`);
    await expectCalls('deleted', [{ from: user, to: WEB, source: user.publicAddress }]);
    expect(await routing()).toBe(routesBefore);
  });
});
