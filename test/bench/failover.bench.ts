import { setTimeout as pause } from 'node:timers/promises';
import { type Member, Mesh, NETWORK } from '../lab/mesh.js';
import { LossProbe } from '../lab/rig/loss-probe.js';
import { waitFor } from '../lab/rig/wait-for.js';
import { LEG, Site } from '../lab/site.js';
import type { FailoverResult } from './results.js';
import { summary } from './summary.js';

/**
 * How long nothing comes through a gateway when the member that serves dies, as JSON on standard output: real agents and
 * WireGuard in namespaces, 200 packets a second from a node to a machine behind the gateway and back. Half of the runs
 * end every program of the active host at once, half cut the range behind it.
 */
const RUNS = 20;
const DATABASE = '10.20.0.5';
const GATEWAY = `networks/${NETWORK}/gateways/site`;

interface GatewayStatus {
  active: { name: string } | null;
}

const mesh = await Mesh.start();
try {
  const site = await Site.create(mesh.rig, 'site');
  const machines = await Promise.all(['first', 'second'].map((name) => mesh.machine(name)));
  await Promise.all(machines.map(({ host }, i) => site.leg(host, `10.20.0.${i + 1}/24`)));
  const database = await site.workload('db', [`${DATABASE}/24`]);
  const members = await Promise.all(machines.map((one) => mesh.enrol(one)));
  const user = await mesh.join('user');
  await mesh.control.call('POST', `networks/${NETWORK}/gateways`, {
    name: 'site',
    kind: 'egress',
    nodes: members.map(({ name }) => name),
    ranges: ['10.20.0.0/24'],
    masquerade: true,
    probe: { address: DATABASE },
  });

  const gaps: Record<'hostKilled' | 'rangeDead', number[]> = { hostKilled: [], rangeDead: [] };
  for (let run = 0; run < RUNS; run++) {
    const fault = run % 2 ? 'rangeDead' : 'hostKilled';
    const { active, standby } = await roles(members);
    // Who has just come back must be good for five seconds before it may take over.
    await pause(8_000);
    const probe = await LossProbe.start(user.host, { host: database.host, address: DATABASE, port: 9000 });
    await probe.more(50);
    if (fault === 'hostKilled') await active.host.crash();
    else await active.host.ip(`link set ${LEG} down`);
    await waitFor(async () => (await chosen()) === standby.name, { what: 'the standby to serve', timeout: 60_000 });
    await probe.more(50);
    gaps[fault].push((await probe.stop()).longestGap);
    if (fault === 'hostKilled') active.agent.run();
    else await active.host.ip(`link set ${LEG} up`);
    await mesh.waitUntilInSync(members);
  }
  const { hostKilled, rangeDead } = gaps;
  const gapMs = { hostKilled: summary(hostKilled), rangeDead: summary(rangeDead) };
  console.log(JSON.stringify({ failover: { runs: RUNS, gapMs } } satisfies FailoverResult));
} finally {
  await mesh.close();
}

async function roles([first, second]: Member[]): Promise<{ active: Member; standby: Member }> {
  const name = await waitFor(chosen, { what: 'a member to serve' });
  if (!first || !second) throw new Error('two members are needed');
  return name === first.name ? { active: first, standby: second } : { active: second, standby: first };
}

async function chosen(): Promise<string | undefined> {
  return (await mesh.control.call<GatewayStatus>('GET', GATEWAY)).active?.name;
}
