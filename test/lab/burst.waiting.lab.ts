import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { cloudConfig } from '../../apps/cli/src/burst/cloud-config.js';
import { INTERFACE } from './agent.js';
import { type Machine, type Member, Mesh, NETWORK } from './mesh.js';
import { waitForAllPairs } from './rig/reachability.js';
import { waitFor } from './rig/wait-for.js';

const MACHINES = 8;
/** Seconds; the shortest there is. */
const TTL = 60;
/** The service looks every five seconds. */
const REMOVED_WITHIN_MS = (TTL + 20) * 1000;

interface Key {
  keyId: string;
  token: string;
  used: number;
}

interface Fact {
  type: string;
  data: { nodeId: string; reason?: string };
}

/** One machine after the other gets the cloud-init document's own program; systemd's part is played by the test. */
describe('short-lived machines with one key', () => {
  let mesh: Mesh;
  let steady: Member;
  let key: Key;
  let burst: Member[];
  const published = new Map<string, string>();

  beforeAll(async () => {
    mesh = await Mesh.start();
    steady = await mesh.join('steady');
    const wish = { uses: MACHINES, ephemeralTtl: TTL };
    key = await mesh.control.call<Key>('POST', `networks/${NETWORK}/enrollment-keys`, wish);
  }, 120_000);
  afterAll(() => mesh?.close());

  /** What cloud-init would write, written where this machine alone sees it; then what its unit would run. */
  async function boot(machine: Machine): Promise<Member> {
    await runProgram(machine, 'join');
    machine.agent.run();
    const { addresses } = await mesh.node(machine.name);
    return { ...machine, addresses };
  }

  async function runProgram({ host, agent, name }: Machine, word: 'join' | 'leave'): Promise<void> {
    const dir = `${agent.stateDirectory}-boot`;
    mkdirSync(join(dir, 'bin'), { recursive: true });
    const { write_files: files } = parse(cloudConfig({ token: key.token, source: null, k3s: null })) as {
      write_files: { path: string; content: string }[];
    };
    const content = (path: string) => files.find((file) => file.path === path)?.content ?? '';
    const shell = (file: string, text: string) => {
      writeFileSync(join(dir, file), text);
      chmodSync(join(dir, file), 0o755);
    };
    writeFileSync(join(dir, 'burst.env'), content('/etc/tombolo/burst.env'), { mode: 0o600 });
    shell('tombolo-burst', content('/usr/local/sbin/tombolo-burst'));
    // Hosts of the lab share this machine's name, which the agent would take.
    const call = `exec node ${resolve('apps/agent/bin/tombolo-agent.mjs')}`;
    shell(
      'bin/tombolo-agent',
      `#!/bin/sh\nif [ "$1" = up ]; then ${call} "$@" --name ${name}; else ${call} "$@"; fi\n`,
    );
    shell('bin/systemctl', '#!/bin/sh\n');
    const environment = [
      `PATH=${dir}/bin:${process.env.PATH}`,
      `TOMBOLO_BURST_SETTINGS=${dir}/burst.env`,
      `TOMBOLO_STATE=${agent.stateDirectory}`,
    ];
    await host.run('env', [...environment, join(dir, 'tombolo-burst'), word]);
  }

  const names = async () =>
    (await mesh.control.list<{ name: string }>(`networks/${NETWORK}/nodes?`)).map(({ name }) => name).sort();
  const facts = (type: string) => mesh.control.list<Fact>(`networks/${NETWORK}/events?types=${type}`);
  const used = async () =>
    (await mesh.control.call<Key>('GET', `networks/${NETWORK}/enrollment-keys/${key.keyId}`)).used;

  it('all join by the generated program, and all pairs ping; the key is used up', async () => {
    const machines: Machine[] = [];
    for (let n = 1; n <= MACHINES; n++) machines.push(await mesh.machine(`burst-${n}`));
    burst = await Promise.all(machines.map(boot));
    await waitForAllPairs([steady, ...burst]);
    expect(await used()).toBe(MACHINES);
    for (const { name } of burst) published.set(name, (await mesh.node(name)).publicKey);
  }, 240_000);

  it('a machine that is back before its TTL is the same node with the same address', async () => {
    const [back] = burst as [Member];
    const before = await mesh.node(back.name);
    await back.host.crash();
    await back.host.attempt('ip', ['link', 'del', INTERFACE]);
    expect((await boot(back)).addresses).toEqual(before.addresses);
    expect((await mesh.node(back.name)).nodeId).toBe(before.nodeId);
    expect(await used()).toBe(MACHINES);
    await waitForAllPairs([steady, back]);
  });

  it('half are shut down and gone at once, half are killed and gone after the TTL: nothing of them is left', async () => {
    const [leaving, dying] = [burst.slice(0, MACHINES / 2), burst.slice(MACHINES / 2)];
    for (const machine of dying) await machine.agent.stop('SIGKILL');
    const killed = performance.now();
    for (const machine of leaving) {
      await machine.agent.stop('SIGTERM');
      await runProgram(machine, 'leave');
      expect((await machine.host.attempt('ip', ['link', 'show', INTERFACE])).code).not.toBe(0);
    }
    expect(await names()).toEqual([steady, ...dying].map(({ name }) => name).sort());

    const areGone = async () => (await names()).length === 1;
    await waitFor(areGone, { what: 'silent nodes to be removed', timeout: REMOVED_WITHIN_MS });
    expect(performance.now() - killed).toBeGreaterThan(TTL * 1000 - 45_000);
    const reasons = (await facts('NodeRemoved')).map(({ data }) => data.reason).sort();
    const half = (reason: string) => Array.from({ length: MACHINES / 2 }, () => reason);
    expect(reasons).toEqual([...half('expired'), ...half('left')]);

    await steady.agent.waitFor('peers to be gone', async () => (await steady.agent.peers()).length === 0);
    const [survivor] = await mesh.statuses();
    expect(survivor?.name).toBe('steady');
    expect(await used()).toBe(MACHINES);
  }, 240_000);

  it('a machine that was removed cannot log in to the broker any more', async () => {
    const removed = burst.at(-1) as Member;
    removed.agent.run();
    await removed.agent.waitFor(
      'the server not to know it',
      () => removed.agent.printed.includes('does not know this node'),
      90_000,
    );
    expect(await names()).toEqual(['steady']);
  });
});
