import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Member, Mesh, NETWORK } from './mesh.js';
import { LossProbe } from './rig/loss-probe.js';
import { waitForAllPairs } from './rig/reachability.js';
import { expectCalls } from './rig/source-matrix.js';
import { waitFor } from './rig/wait-for.js';
import { LEG, Site } from './site.js';

const DATABASE = '10.20.0.5';
const GATEWAY = `networks/${NETWORK}/gateways/site`;

interface GatewayStatus {
  active: { name: string } | null;
}

/** One range behind two machines; the one that serves is seen as the source, since both masquerade. */
describe('a gateway with two members', () => {
  let mesh: Mesh;
  let user: Member;
  let bystander: Member;
  let first: Member;
  let second: Member;

  beforeAll(async () => {
    mesh = await Mesh.start();
    const site = await Site.create(mesh.rig, 'site');
    const machines = [await mesh.machine('first'), await mesh.machine('second')] as const;
    await Promise.all(machines.map(({ host }, i) => site.leg(host, `10.20.0.${i + 1}/24`)));
    await site.workload('db', [`${DATABASE}/24`]);
    [first, second, user, bystander] = await Promise.all([
      mesh.enrol(machines[0]),
      mesh.enrol(machines[1]),
      mesh.join('user'),
      mesh.join('bystander'),
    ]);
    await waitForAllPairs([user, first, second, bystander]);
    await mesh.control.call('POST', `networks/${NETWORK}/gateways`, {
      name: 'site',
      kind: 'egress',
      nodes: ['first', 'second'],
      ranges: ['10.20.0.0/24'],
      masquerade: true,
      probe: { address: DATABASE },
    });
  }, 120_000);
  afterAll(() => mesh?.close());

  /** Who serves now, and who stands by. The preferred one may have taken back meanwhile: each fault hits who serves. */
  async function roles(): Promise<{ active: Member; standby: Member }> {
    const name = await waitFor(async () => (await mesh.control.call<GatewayStatus>('GET', GATEWAY)).active?.name, {
      what: 'a member to serve',
    });
    const [active, standby] = name === 'first' ? [first, second] : [second, first];
    await servedBy(active);
    return { active, standby };
  }

  const servedBy = (member: Member) => {
    const source = member === first ? '10.20.0.1' : '10.20.0.2';
    return expectCalls(`served by ${member.name}`, [{ from: user, to: DATABASE, source }], { timeout: 60_000 });
  };

  it('moves when the range behind the active one is dead, though its control connection is fine', async () => {
    const { active, standby } = await roles();
    const unrelated = await LossProbe.start(user.host, {
      host: bystander.host,
      address: bystander.addresses[0] as string,
      port: 9001,
    });
    await active.host.ip(`link set ${LEG} down`);
    await servedBy(standby);
    await active.host.ip(`link set ${LEG} up`);
    expect(await unrelated.stop()).toMatchObject({ lost: 0 });
  });

  it('moves when the agent of the active one is killed', async () => {
    const { active, standby } = await roles();
    await active.agent.stop('SIGKILL');
    await servedBy(standby);
    active.agent.run();
    await mesh.waitUntilInSync([active]);
  });

  it('moves when the host of the active one dies', async () => {
    const { active, standby } = await roles();
    await active.host.crash();
    await servedBy(standby);
    active.agent.run();
    await mesh.waitUntilInSync([active]);
  });

  it('moves when the active one is drained', async () => {
    const { active, standby } = await roles();
    await mesh.control.call('POST', `${GATEWAY}/drain`, { node: active.name });
    await servedBy(standby);
    await mesh.control.call('POST', `${GATEWAY}/drain`, { node: active.name, draining: false });
  });
});
