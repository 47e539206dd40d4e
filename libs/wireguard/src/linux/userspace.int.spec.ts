import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createSocket } from 'node:dgram';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { jest } from '@jest/globals';
import { inOwnNamespace } from '../../../../test/support/own-namespace.js';
import { desiredDevice } from '../core/desired-device.js';
import type { Device } from '../core/device.js';
import { diffDevice } from '../core/diff-device.js';
import type { DeviceHarness } from '../testing/device-contract.js';
import { ownInterface, peer, route } from '../testing/fixtures.js';
import { linuxHarness } from '../testing/linux-harness.js';
import { WireguardGo } from './wireguard-go.js';

jest.setTimeout(30_000);

inOwnNamespace(import.meta.url, () => {
  let opened: Awaited<ReturnType<typeof linuxHarness>>;
  let harness: DeviceHarness;

  beforeEach(async () => {
    opened = await linuxHarness('userspace');
    harness = opened.harness;
  });
  afterEach(() => opened.close());

  const steps = async (device: Device, listenPort = 47_813, cidr = '10.90.0.0/16') => {
    const { interfaceName, publicKey } = harness;
    const set = [ownInterface(), peer('b'), route(cidr)];
    const desired = desiredDevice(set, { interfaceName, publicKey, listenPort, ipv6: true });
    return diffDevice(desired, (await device.observe())!, new Set());
  };
  const up = async (device = harness.device) => {
    await device.create();
    await device.apply(await steps(device));
  };
  const socket = () => `/var/run/wireguard/${harness.interfaceName}.sock`;

  test('it leads a session of its own, so that it outlives the agent', async () => {
    await up();
    const [, session] = stat(pidOf(harness.interfaceName));
    expect(session).toBe(pidOf(harness.interfaceName));
    expect(session).not.toBe(stat(process.pid)[1]);
  });

  test('killed: the interface is gone, and the socket it left is no obstacle', async () => {
    await up();
    await kill(pidOf(harness.interfaceName), 'SIGKILL');
    expect(existsSync(socket())).toBe(true);
    await up();
    expect(await steps(harness.device)).toEqual([]);
    await kill(pidOf(harness.interfaceName), 'SIGKILL');
    expect(await harness.device.observe()).toBeUndefined();
  });

  test('about to listen: it is not asked yet, for wg would delete its socket', async () => {
    // What one that was killed left behind looks the same.
    await up();
    await kill(pidOf(harness.interfaceName), 'SIGKILL');
    expect(await new WireguardGo(harness.interfaceName, tmpdir()).answers()).toBe(false);
    expect(existsSync(socket())).toBe(true);
    await up();
    expect(await new WireguardGo(harness.interfaceName, tmpdir()).answers()).toBe(true);
  });

  test('its interface deleted, and slow to end: it takes nothing of its successor with it', async () => {
    await up();
    const former = pidOf(harness.interfaceName);
    process.kill(former, 'SIGSTOP');
    execFileSync('ip', ['link', 'delete', 'dev', harness.interfaceName]);
    await up();
    if (existsSync(`/proc/${former}`)) await kill(former, 'SIGCONT');
    expect(existsSync(socket())).toBe(true);
    expect(await steps(harness.device)).toEqual([]);
  });

  test('hanging: known as dead within the time limit, and replaced', async () => {
    await up();
    process.kill(pidOf(harness.interfaceName), 'SIGSTOP');
    await expect(harness.device.observe()).rejects.toMatchObject({ code: 'dead' });
    await harness.device.remove();
    await up();
    expect(await steps(harness.device)).toEqual([]);
  });

  test('a tun device that is not ours is refused', async () => {
    execFileSync('ip', ['tuntap', 'add', 'dev', harness.interfaceName, 'mode', 'tun']);
    await expect(harness.device.observe()).rejects.toMatchObject({ code: 'foreign' });
    await expect(harness.device.remove()).rejects.toMatchObject({ code: 'foreign' });
    execFileSync('ip', ['link', 'delete', 'dev', harness.interfaceName]);
  });

  test('so is any other device', async () => {
    execFileSync('ip', ['link', 'add', 'dev', harness.interfaceName, 'type', 'veth', 'peer', 'name', 'other0']);
    await expect(harness.device.observe()).rejects.toMatchObject({
      code: 'foreign',
      message: expect.stringContaining('no WireGuard interface but veth'),
    });
    await expect(harness.device.remove()).rejects.toMatchObject({ code: 'foreign' });
    execFileSync('ip', ['link', 'delete', 'dev', harness.interfaceName]);
  });

  test('a key that was changed by hand is ours to put right', async () => {
    await up();
    execFileSync('sh', ['-c', `wg genkey | wg set ${harness.interfaceName} private-key /dev/stdin`]);
    const found = await steps(harness.device);
    expect(found.map((step) => step.kind)).toEqual(['private-key']);
    await harness.device.apply(found);
    expect(await steps(harness.device)).toEqual([]);
  });

  test('a route of another interface is not taken over', async () => {
    execFileSync('ip', ['link', 'add', 'dev', 'lan0', 'type', 'veth', 'peer', 'name', 'other0']);
    execFileSync('ip', ['link', 'set', 'dev', 'lan0', 'up']);
    execFileSync('ip', ['route', 'add', '10.77.0.0/16', 'dev', 'lan0']);
    const before = execFileSync('ip', ['route', 'show', 'dev', 'lan0'], { encoding: 'utf8' });
    await harness.device.create();
    const applied = harness.device.apply(await steps(harness.device, 47_813, '10.77.0.0/16'));
    await expect(applied).rejects.toMatchObject({
      code: 'conflict',
      operation: { kind: 'route-add', cidr: '10.77.0.0/16' },
      message: expect.stringContaining('routed through another interface'),
    });
    expect(execFileSync('ip', ['route', 'show', 'dev', 'lan0'], { encoding: 'utf8' })).toBe(before);
    execFileSync('ip', ['link', 'delete', 'dev', 'lan0']);
  });

  test('a port of another program is named', async () => {
    const taken = createSocket('udp4').bind(0);
    await once(taken, 'listening');
    await harness.device.create();
    const found = await steps(harness.device, taken.address().port);
    await expect(harness.device.apply(found)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('UDP port'),
    });
    taken.close();
  });
});

function pidOf(interfaceName: string): number {
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const args = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0');
      if (args[0] === 'wireguard-go' && args.includes(interfaceName)) return Number(entry);
    } catch {
      // ended meanwhile
    }
  }
  throw new Error(`no wireguard-go for ${interfaceName}`);
}

/** Process group and session of a process (proc(5)). */
function stat(pid: number): [number, number] {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return [Number(fields[2]), Number(fields[3])];
}

/** Kills a process that may be no child of ours and waits until it is gone. */
async function kill(pid: number, signal: NodeJS.Signals): Promise<void> {
  process.kill(pid, signal);
  await once(spawn('tail', ['-s', '0.01', '--pid', String(pid), '-f', '/dev/null']), 'exit');
}
