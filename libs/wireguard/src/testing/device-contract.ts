import assert from 'node:assert/strict';
import type { Resource } from '#contracts/node-stream.js';
import { desiredDevice } from '../core/desired-device.js';
import { DeviceError, type Device } from '../core/device.js';
import { diffDevice } from '../core/diff-device.js';
import { counterName, UNMATCHED } from '../core/firewall/firewall.js';
import type { Operation } from '../core/operation.js';
import { KEYS, ownInterface, peer, peerId, route } from './fixtures.js';

/** A device to try, with hands that reach behind its back. */
export interface DeviceHarness {
  device: Device;
  /** Of `device`. */
  publicKey: string;
  interfaceName: string;
  /** Another device on the same interface and key, knowing nothing: the agent after a restart. */
  restarted(): Device;
  /** A device of another key on the same interface: another agent. */
  stranger(): Device;
  disturb: {
    removePeer(publicKey: string): Promise<void>;
    deleteAddress(address: string): Promise<void>;
    setDown(): Promise<void>;
    deleteInterface(): Promise<void>;
    /** Empties our table for translation and filter, but leaves it there. */
    flushFirewall(): Promise<void>;
    deleteFirewall(): Promise<void>;
    stopForwarding(): Promise<void>;
    /** One of the rules for IPv4 of the full tunnel. */
    deleteRule(): Promise<void>;
  };
}

export interface ContractCase {
  title: string;
  run(harness: DeviceHarness): Promise<void>;
}

const LISTEN_PORT = 47_813;
const endpoint = '192.0.2.2:51820';
const threeNodes: Resource[] = [
  ownInterface({ mtu: 1380, keepalive: 25 }),
  peer('b', { allowedIps: ['10.90.0.2/32', '10.91.0.0/16', 'fd12::2/128'], endpoint }),
  peer('c'),
  route('10.90.0.0/16'),
  route('fd12::/64'),
];

/** One of everything that a node with gateways holds. */
const gateway: Resource[] = [
  ownInterface({ forward: true }),
  peer('b', { allowedIps: ['0.0.0.0/0', '10.90.0.2/32', '::/0'], endpoint }),
  route('10.90.0.0/16'),
  {
    name: 'nat/masquerade',
    kind: 'masquerade',
    sources: ['10.90.0.0/16', 'fd12::/64'],
    destinations: ['10.0.0.0/8', '10.1.0.0/16'],
  },
  { name: 'nat/pods', kind: 'prefix', real: '10.42.0.0/20', virtual: '100.97.16.0/20' },
  { name: 'nat/pods6', kind: 'prefix', real: 'fd42::/56', virtual: 'fd97:0:0:100::/56' },
  { name: 'nat/host', kind: 'prefix', real: '10.43.0.1/32', virtual: '100.98.0.1/32' },
  {
    name: 'nat/web',
    kind: 'publish',
    protocol: 'tcp',
    mesh: { address: '10.90.0.77', port: 443 },
    service: { address: '10.43.0.10', port: 8443 },
  },
  {
    name: 'nat/dns6',
    kind: 'publish',
    protocol: 'udp',
    mesh: { address: 'fd12::77', port: 53 },
    service: { address: 'fd43::10', port: 5353 },
  },
  {
    name: 'filter/drop',
    verdict: 'drop',
    sources: ['10.90.0.9/32'],
    destinations: ['0.0.0.0/0', '10.0.0.0/8', '::/0'],
    local: true,
  },
  { name: 'filter/accept', verdict: 'accept', sources: ['0.0.0.0/0', '::/0'], destinations: ['0.0.0.0/0', '::/0'] },
  { name: 'filter/nobody', verdict: 'accept', sources: [], destinations: ['10.0.0.0/8'] },
  { name: 'internet', outside: ['192.0.2.7/32', '198.51.100.0/24', '2001:db8::7/128'] },
];

/**
 * What every adapter of the port `Device` must do. Plain assertions, no test framework: Jest runs the cases over the model
 * and over wireguard-go, run-device-contract.ts over whatever kernel it is started on.
 */
export const deviceContract: ContractCase[] = [
  {
    title: 'there is nothing before it is made, then an empty interface',
    async run({ device }) {
      assert.equal(await device.observe(), undefined);
      await device.create();
      const made = await device.observe();
      assert.deepEqual({ ...made, ifindex: 0, listenPort: 0, mtu: 0 }, EMPTY);
      assert.notEqual(device.backend, null);
    },
  },
  {
    title: 'a whole set is applied, and is there when read back',
    async run(harness) {
      const steps = await converge(harness, threeNodes);
      assert.ok(steps.length >= 9, `only ${steps.length} steps`);
      const held = await observed(harness.device);
      assert.equal(held.publicKey, harness.publicKey);
      assert.deepEqual(held.addresses, ['10.90.0.1/32', 'fd12::1/128']);
      assert.equal(held.mtu, 1380);
      assert.deepEqual(
        held.peers.find((each) => each.publicKey === KEYS.b),
        {
          publicKey: KEYS.b,
          hasPresharedKey: false,
          endpoint,
          allowedIps: ['10.90.0.2/32', '10.91.0.0/16', 'fd12::2/128'],
          handshakeAt: 0,
          keepalive: 25,
        },
      );
    },
  },
  {
    title: 'prefixes move, vanish and come without the interface or another peer being touched',
    async run(harness) {
      await converge(harness, threeNodes);
      const { ifindex } = await observed(harness.device);
      const moved = [
        ...threeNodes.filter((resource) => !resource.name.startsWith('peer/')),
        peer('b', { allowedIps: ['10.90.0.2/32'], endpoint }),
        peer('c', { allowedIps: ['10.90.0.3/32', '10.91.0.0/16'] }),
      ];
      const steps = await converge(harness, moved);
      assert.deepEqual(
        steps.map((step) => step.kind),
        ['peer-set', 'prefix-drop'],
      );
      assert.equal((await observed(harness.device)).ifindex, ifindex);
      assert.deepEqual(
        (await converge(harness, threeNodes)).map((step) => step.kind),
        ['peer-set'],
      );
    },
  },
  {
    title: 'what a hand has changed is put right by the steps for it, and no others',
    async run(harness) {
      await converge(harness, threeNodes);
      await harness.disturb.removePeer(KEYS.c);
      assert.deepEqual(reasons(await converge(harness, threeNodes)), ['peer c is missing']);
      await harness.disturb.deleteAddress('10.90.0.1/32');
      assert.ok(reasons(await converge(harness, threeNodes)).includes('address 10.90.0.1/32 is missing'));
      await harness.disturb.setDown();
      const up = reasons(await converge(harness, threeNodes));
      for (const reason of ['the interface is down', 'route 10.90.0.0/16 is missing', 'route fd12::/64 is missing'])
        assert.ok(up.includes(reason), `${reason} is not among: ${up.join('; ')}`);
    },
  },
  {
    title: 'an interface that was deleted can be made again',
    async run(harness) {
      await converge(harness, threeNodes);
      await harness.disturb.deleteInterface();
      assert.equal(await harness.device.observe(), undefined);
      await converge(harness, threeNodes);
      assert.equal((await observed(harness.device)).peers.length, 2);
    },
  },
  {
    title: 'an agent that starts again adopts its interface as it is',
    async run(harness) {
      await converge(harness, threeNodes);
      const before = await observed(harness.device);
      const restarted = harness.restarted();
      assert.deepEqual(await restarted.observe(), before);
      assert.equal(restarted.backend, harness.device.backend);
    },
  },
  {
    title: "another agent's interface is refused and left alone",
    async run(harness) {
      await converge(harness, threeNodes);
      const stranger = harness.stranger();
      await assert.rejects(stranger.observe(), isForeign);
      await assert.rejects(stranger.remove(), isForeign);
      assert.deepEqual(reasons(await converge(harness, threeNodes)), []);
    },
  },
  {
    title: 'a node with gateways: everything is there when read back, and an agent that starts again finds it as it is',
    async run(harness) {
      await converge(harness, gateway);
      const held = await observed(harness.device);
      assert.equal(held.fwmark, 0x74);
      assert.deepEqual([...held.tunnelRoutes].sort(), ['0.0.0.0/0', '::/0']);
      assert.equal(held.rules.length, 7);
      assert.ok(held.rules.every(({ kind }) => kind !== 'unknown'));
      assert.deepEqual(held.sysctls, { forward4: '1', forward6: '1', markedPaths: '1', loosePaths: '2' });
      const zero = { packets: 0, bytes: 0 };
      assert.deepEqual(held.firewall?.counters, { [counterName('filter/drop')]: zero, [UNMATCHED]: zero });
      // What the machine had before is on the disk of the one that changed it.
      const found = await observed(harness.restarted());
      assert.deepEqual({ ...found, changedSysctls: [] }, { ...held, changedSysctls: [] });
    },
  },
  {
    title:
      'of translation and filter, full tunnel and forwarding, only what differs is done; without them the machine is as it was',
    async run(harness) {
      await converge(harness, threeNodes);
      const before = await observed(harness.device);
      await converge(harness, gateway);
      const clients = { name: 'internet' as const, outside: [], sources: ['10.90.0.128/25'] };
      const steps = await converge(harness, [...gateway.filter(({ name }) => name !== 'internet'), clients]);
      assert.deepEqual(
        [...new Set(steps.map((step) => step.kind))],
        ['firewall-set', 'rule-add', 'rule-delete', 'fwmark', 'sysctl-restore'],
      );
      const less = gateway.filter(({ name }) => name !== 'internet' && name !== 'filter/drop');
      const fewer = less.map((resource) => {
        if (resource.name !== peer('b').name) return resource;
        return peer('b', { allowedIps: ['10.90.0.2/32'], endpoint });
      });
      await converge(harness, fewer);
      assert.deepEqual((await observed(harness.device)).rules, []);
      await converge(harness, threeNodes);
      const after = await observed(harness.device);
      assert.deepEqual({ ...after, ifindex: 0 }, { ...before, ifindex: 0 });
    },
  },
  {
    title: 'translation and filter, forwarding and rules that a hand has changed are put right',
    async run(harness) {
      await converge(harness, gateway);
      await harness.disturb.flushFirewall();
      assert.deepEqual(reasons(await converge(harness, gateway)), [
        'the table for translation and filter was changed by another hand',
      ]);
      await harness.disturb.deleteFirewall();
      assert.deepEqual(reasons(await converge(harness, gateway)), ['the table for translation and filter is missing']);
      await harness.disturb.stopForwarding();
      assert.deepEqual(reasons(await converge(harness, gateway)), ['net.ipv4.ip_forward is 0 instead of 1']);
      await harness.disturb.deleteRule();
      assert.deepEqual(reasons(await converge(harness, gateway)), ['routing rule near (IPv4) is missing']);
      await harness.disturb.setDown();
      await converge(harness, gateway);
      await harness.disturb.deleteInterface();
      await converge(harness, gateway);
    },
  },
  {
    title: 'more peers than fit into one call, and more prefixes than fit into one argument',
    async run(harness) {
      const peers = Array.from({ length: 5_500 }, (_, i): Resource => {
        const publicKey = `${i.toString(36).toUpperCase().padStart(42, '+')}A=`;
        return { name: `peer/${peerId('b')}`, node: `n${i}`, publicKey, allowedIps: [address(i)], endpoint: null };
      });
      const ranges = Array.from(
        { length: 8_000 },
        (_, i) => `172.${16 + (i >> 12)}.${(i >> 4) & 255}.${(i & 15) * 16}/28`,
      );
      const set = [ownInterface(), ...peers, peer('c', { allowedIps: ranges })];
      await converge(harness, set);
      assert.equal((await observed(harness.device)).peers.length, 5_501);
      assert.equal((await converge(harness, [ownInterface(), peer('c')])).length, 5_501);
    },
  },
  {
    title: 'after removal nothing is left, and removing again is no error',
    async run(harness) {
      await converge(harness, threeNodes);
      await harness.device.remove();
      assert.equal(await harness.device.observe(), undefined);
      await harness.device.remove();
    },
  },
];

const EMPTY = {
  ifindex: 0,
  publicKey: null,
  listenPort: 0,
  mtu: 0,
  up: false,
  addresses: [],
  peers: [],
  routes: [],
  fwmark: 0,
  tunnelRoutes: [],
  rules: [],
  firewall: null,
  sysctls: { forward4: '0', forward6: '0', markedPaths: '0', loosePaths: '0' },
  changedSysctls: [],
};

/** Makes the device what the resources say, checks that it then is, and gives the steps it took. */
async function converge(
  { device, publicKey, interfaceName }: DeviceHarness,
  resources: Resource[],
): Promise<Operation[]> {
  const desired = desiredDevice(resources, { interfaceName, listenPort: LISTEN_PORT, publicKey, ipv6: true });
  if (!(await device.observe())) await device.create();
  const steps = diffDevice(desired, await observed(device), new Set());
  await device.apply(steps);
  assert.deepEqual(reasons(diffDevice(desired, await observed(device), new Set())), []);
  return steps;
}

async function observed(device: Device) {
  const held = await device.observe();
  assert.ok(held, 'there is no interface');
  return held;
}

const reasons = (steps: readonly Operation[]) => steps.map((step) => step.reason);
const isForeign = (error: unknown) => error instanceof DeviceError && error.code === 'foreign';
const address = (i: number) => `10.92.${i >> 8}.${i & 255}/32`;
