import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EnrolRequest, EnrolResponse } from '#contracts/enrolment.js';
import { lightNode } from './light-node.js';
import { type Machine, type Member, Mesh, NETWORK } from './mesh.js';
import { LossProbe } from './rig/loss-probe.js';
import { waitForAllPairs } from './rig/reachability.js';
import { waitFor } from './rig/wait-for.js';

const JOINS = 200;
const AT_ONCE = 16;
const KILLED_AFTER = 60;

describe('a control plane that is killed in the middle of 200 joins', () => {
  let mesh: Mesh;
  /** Joined before. */
  let members: Member[];
  /** Real agents that join while it is killed. */
  let late: Machine[];
  let probes: LossProbe[];
  const light = Array.from({ length: JOINS }, (_, i) => lightNode(`light-${i}`));
  const acknowledged = new Map<string, EnrolResponse>();

  beforeAll(async () => {
    mesh = await Mesh.start();
    members = await Promise.all(['a', 'b', 'c'].map((name) => mesh.join(name)));
    late = await Promise.all(['d', 'e', 'f'].map((name) => mesh.machine(name)));
    await waitForAllPairs(members);
    probes = await Promise.all(members.map((from, i) => probe(from, members[(i + 1) % members.length] as Member)));
  }, 120_000);
  afterAll(() => mesh?.close());

  it('starts again, and everybody who asked and asks again has joined', async () => {
    const token = await mesh.token(null);
    const joining = joinAll([...light], token);
    await waitFor(() => acknowledged.size >= KILLED_AFTER, { what: `${KILLED_AFTER} joins` });
    for (const { agent } of late) agent.up(token);
    await mesh.control.stop('SIGKILL');
    expect(acknowledged.size).toBeLessThan(JOINS);
    await mesh.control.start();
    await joining;
    // An agent that found nobody for too long ends, and the service manager starts it again.
    const joined = async ({ name, agent }: Machine) => {
      if (!agent.running) agent.up(token);
      return (await mesh.status(name)).inSync;
    };
    for (const machine of late) await machine.agent.waitFor('the join', () => joined(machine), 60_000);
  }, 180_000);

  it('has every acknowledged join once in the log, whose chain holds, and in JetStream', async () => {
    const all = [...light, ...members, ...late].map(({ name }) => name).sort();
    const facts = await mesh.control.list<{ data: { name: string; nodeId: string; addresses: string[] } }>(
      `networks/${NETWORK}/events?types=NodeEnrolled`,
    );
    expect(facts.map(({ data }) => data.name).sort()).toEqual(all);
    for (const { nodeId, name, addresses } of acknowledged.values())
      expect(facts.find(({ data }) => data.nodeId === nodeId)?.data).toMatchObject({ name, addresses });
    expect(await mesh.control.call('GET', `networks/${NETWORK}/log/verify`)).toMatchObject({ ok: true });

    const stored = async () => (await mesh.control.run('dist/test/lab/programs/stored-joins.js', NETWORK)).trim();
    await waitFor(async () => (await stored()).split('\n').length >= all.length, { what: 'JetStream to hold all' });
    expect((await stored()).split('\n').sort()).toEqual(all);
  });

  it('has it on every agent, and no agent lost a tunnel meanwhile', async () => {
    const everybody: Member[] = [];
    for (const machine of late) everybody.push({ ...machine, addresses: (await mesh.node(machine.name)).addresses });
    everybody.push(...members);
    for (const { agent } of everybody)
      await agent.waitFor('all peers', async () => {
        const held = new Set((await agent.peers()).map(({ publicKey }) => publicKey));
        return light.every(({ publicKey }) => held.has(publicKey)) && held.size === JOINS + everybody.length - 1;
      });
    for (const probe of probes) expect(await probe.stop()).toMatchObject({ lost: 0 });
    await waitForAllPairs(everybody);
  });

  async function joinAll(waiting: EnrolRequest[], token: string): Promise<void> {
    const worker = async () => {
      for (let node = waiting.shift(); node; node = waiting.shift()) {
        const request = node;
        const answer = await waitFor(() => mesh.control.enrol(token, request), {
          what: `an answer to ${request.name}`,
          timeout: 60_000,
        });
        acknowledged.set(answer.name, answer);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  const probe = (from: Member, to: Member) =>
    LossProbe.start(from.host, { host: to.host, address: to.addresses[0] as string, port: 9000 });
});
