import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Machine, Mesh, NETWORK } from './mesh.js';
import { waitFor } from './rig/wait-for.js';

/** Seconds; the shortest there is. */
const TTL = 60;
/** Milliseconds; longer than the TTL. */
const PAUSE = (TTL + 5) * 1000;

interface Status {
  nodes: { name: string; lastSeen: string | null }[];
}

describe('short-lived machines whose control plane stands still', () => {
  let mesh: Mesh;
  let machines: Machine[];

  beforeAll(async () => {
    mesh = await Mesh.start();
    const wish = { uses: 2, ephemeralTtl: TTL };
    const key = await mesh.control.call<{ token: string }>('POST', `networks/${NETWORK}/enrollment-keys`, wish);
    machines = await Promise.all(['burst-1', 'burst-2'].map((name) => mesh.machine(name)));
    for (const { agent } of machines) agent.up(key.token);
    await mesh.waitUntilInSync(machines);
  }, 120_000);
  afterAll(() => mesh?.close());

  it('are all there when it goes on after more than their TTL', async () => {
    const processes = withChildren(mesh.control.pid);
    for (const pid of processes) process.kill(pid, 'SIGSTOP');
    const began = performance.now();
    try {
      await waitFor(() => performance.now() - began > PAUSE, { what: 'the TTL to pass', timeout: PAUSE + 10_000 });
    } finally {
      for (const pid of processes) process.kill(pid, 'SIGCONT');
    }
    // The service looks every five seconds: three looks later, who was to go would have gone.
    const later = Date.now() + 15_000;
    const areHeard = async () => {
      const { nodes } = await mesh.control.call<Status>('GET', `networks/${NETWORK}/status`);
      return nodes.every(({ lastSeen }) => lastSeen !== null && Date.parse(lastSeen) > later);
    };
    await waitFor(areHeard, { what: 'all nodes to be heard again', timeout: 90_000 });
    const nodes = await mesh.control.list<{ name: string }>(`networks/${NETWORK}/nodes?`);
    expect(nodes.map(({ name }) => name).sort()).toEqual(machines.map(({ name }) => name).sort());
    expect(await mesh.control.list(`networks/${NETWORK}/events?types=NodeRemoved`)).toEqual([]);
  }, 240_000);
});

function withChildren(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [pid, ...(children === '' ? [] : children.split(' ').flatMap((child) => withChildren(Number(child))))];
}
