import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { Resource } from '#contracts/node-stream.js';
import { HOST_RULES } from '../../../../test/support/host-rules.js';
import { inOwnNamespace } from '../../../../test/support/own-namespace.js';
import { checkSet } from '../core/check-set.js';
import { desiredDevice } from '../core/desired-device.js';
import { diffDevice } from '../core/diff-device.js';
import { counterName, UNMATCHED } from '../core/firewall/firewall.js';
import { ownInterface, peerId, route } from '../testing/fixtures.js';
import { SideMachine, type Protocol } from '../testing/side-machine.js';
import { LinuxDevice } from './linux-device.js';
import { runTool } from './run-tool.js';

jest.setTimeout(60_000);

inOwnNamespace(import.meta.url, () => {
  const here = SideMachine.here;
  const home = mkdtempSync(join(tmpdir(), 'tombolo-gateway-'));
  let lan: SideMachine;
  let far: SideMachine;
  let device: LinuxDevice;
  let own: { publicKey: string };
  let farKey: string;
  let before: ReturnType<typeof machine>;

  const local = () => ({ interfaceName: 'tmb0', listenPort: 51820, publicKey: own.publicKey, ipv6: true });
  const peerFar = (...more: string[]) => ({
    name: `peer/${peerId('f')}` as const,
    node: 'far',
    publicKey: farKey,
    allowedIps: ['10.90.0.0/16', 'fd12::/64', '100.98.0.0/24', 'fd98::/64', ...more].sort(),
    endpoint: '192.0.2.2:51820',
  });
  const base = (): Resource[] => [
    ownInterface({ forward: true, mtu: 1380 }),
    peerFar(),
    ...['10.90.0.0/16', 'fd12::/64', '100.98.0.0/24', 'fd98::/64'].map(route),
  ];
  const prefixes: Resource[] = [
    { name: 'nat/pods', kind: 'prefix', real: '10.42.0.0/22', virtual: '100.97.4.0/22' },
    { name: 'nat/pods6', kind: 'prefix', real: 'fd42::/60', virtual: 'fd97:0:0:10::/60' },
    { name: 'nat/services', kind: 'prefix', real: '10.43.0.0/24', virtual: '100.99.0.0/24' },
  ];

  const apply = async (resources: Resource[], controlPlane: string[] = []) => {
    expect(checkSet(resources, own.publicKey)).toEqual([]);
    const desired = desiredDevice(resources, { ...local(), controlPlane });
    if (!(await device.observe())) await device.create();
    await device.apply(diffDevice(desired, (await device.observe())!, new Set()));
    expect(diffDevice(desired, (await device.observe())!, new Set()).map(({ reason }) => reason)).toEqual([]);
  };
  const counters = async () => {
    const { firewall } = (await device.observe())!;
    return Object.fromEntries(Object.entries(firewall?.counters ?? {}).map(([name, { packets }]) => [name, packets]));
  };

  beforeAll(async () => {
    writeFileSync(join(home, 'own.key'), await runTool('wg', ['genkey']));
    writeFileSync(join(home, 'far.key'), await runTool('wg', ['genkey']));
    const publicKey = async (name: string) =>
      (await runTool('wg', ['pubkey'], readFileSync(join(home, name), 'utf8'))).trim();
    own = { publicKey: await publicKey('own.key') };
    farKey = await publicKey('far.key');
    await runTool('nft', ['-f', '-'], HOST_RULES);
    [lan, far] = [await SideMachine.create(), await SideMachine.create()];
    here.cable('lan', lan, 'eth0');
    here.cable('wan', far, 'eth0');
    here.ip(
      'address add 10.42.0.1/22 dev lan',
      'address add 192.168.7.1/24 dev lan',
      'address add 192.0.2.1/24 dev wan',
    );
    here.ip('address add fd42::1/60 dev lan nodad', 'route add default via 192.0.2.2');
    lan.ip(
      'address add 10.42.0.5/22 dev eth0',
      'address add 192.168.7.5/24 dev eth0',
      'route add default via 10.42.0.1',
    );
    lan.ip('address add fd42::5/60 dev eth0 nodad', 'route add default via fd42::1');
    far.ip('address add 192.0.2.2/24 dev eth0', 'address add 203.0.113.9/32 dev lo');
    before = machine();
    device = new LinuxDevice({
      ...local(),
      privateKeyFile: join(home, 'own.key'),
      stateDir: home,
      backend: 'userspace',
    });
    await far.start(
      /./,
      'sh',
      '-c',
      'wireguard-go -f far0 >/dev/null 2>&1 & while ! wg show far0 listen-port 2>/dev/null; do sleep 0.02; done; wait',
    );
    const allowed =
      '10.90.0.1/32,fd12::1/128,10.90.0.77/32,fd12::77/128,100.97.4.0/22,100.99.0.0/24,fd97:0:0:10::/60,192.168.7.0/24';
    far.run('wg', 'set', 'far0', 'private-key', join(home, 'far.key'), 'listen-port', '51820');
    far.run('wg', 'set', 'far0', 'peer', own.publicKey, 'allowed-ips', allowed, 'endpoint', '192.0.2.1:51820');
    far.ip(
      'address add 10.90.0.2/32 dev far0',
      'address add 10.90.0.9/32 dev far0',
      'address add 100.98.0.5/32 dev far0',
    );
    far.ip(
      'address add fd12::2/128 dev far0 nodad',
      'address add fd98::5/128 dev far0 nodad',
      'link set far0 mtu 1380 up',
    );
    for (const prefix of allowed.split(',')) far.ip(`route add ${prefix} dev far0`);
    for (const address of ['10.42.0.5', '192.168.7.5', 'fd42::5'])
      for (const protocol of ['tcp', 'udp'] as const) await lan.answer(protocol, address, 7);
    await lan.answer('tcp', '10.42.0.5', 8443);
    await lan.answer('udp', '10.42.0.5', 5353);
    for (const address of ['10.90.0.2', '100.98.0.5', 'fd98::5', 'fd12::2'])
      for (const protocol of ['tcp', 'udp'] as const) await far.answer(protocol, address, 7);
    for (const address of ['203.0.113.9', '192.0.2.2']) await far.answer('tcp', address, 7);
    await here.answer('tcp', '192.0.2.1', 22);
  });
  afterAll(async () => {
    await device.remove();
    for (const each of [lan, far, here]) each.destroy();
    rmSync(home, { recursive: true });
  });

  const both: Protocol[] = ['tcp', 'udp'];

  test.each(both)('a virtual range is the real one to whoever comes in, and back: %s', async (protocol) => {
    await apply([...base(), ...prefixes]);
    expect(far.ask(protocol, '100.97.4.5', 7, '100.98.0.5')).toBe('100.98.0.5');
    expect(far.ask(protocol, '100.97.4.5', 7)).toBe('10.90.0.2');
    expect(far.ask(protocol, 'fd97:0:0:10::5', 7, 'fd98::5')).toBe('fd98::5');
    expect(lan.ask(protocol, '100.98.0.5', 7)).toBe('100.97.4.5');
    expect(lan.ask(protocol, '10.90.0.2', 7)).toBe('100.97.4.5');
    expect(lan.ask(protocol, 'fd98::5', 7)).toBe('fd97:0:0:10::5');
  });

  test('a service behind a virtual range is translated once more by the one who owns it', async () => {
    await apply([...base(), ...prefixes]);
    expect(far.ask('tcp', '100.99.0.10', 443)).toBe('10.90.0.2');
    expect(far.ask('udp', '100.99.0.10', 53)).toBe('10.90.0.2');
  });

  test("the door's own calls leave with its mesh address, or the virtual one, whatever they are bound to", async () => {
    await apply([...base(), ...prefixes]);
    expect(here.ask('tcp', '100.98.0.5', 7)).toBe('10.90.0.1');
    expect(here.ask('udp', '100.98.0.5', 7, '192.168.7.1')).toBe('10.90.0.1');
    expect(here.ask('tcp', '100.98.0.5', 7, '10.42.0.1')).toBe('100.97.4.1');
    expect(here.ask('tcp', 'fd98::5', 7)).toBe('fd12::1');
    expect(here.ask('udp', 'fd98::5', 7, 'fd42::1')).toBe('fd97:0:0:10::1');
  });

  test('without masquerade the source survives; with it, both ways over the edge, it is the node', async () => {
    await apply(base());
    expect(lan.ask('tcp', '10.90.0.2', 7, '192.168.7.5')).toBe('192.168.7.5');
    lan.ip('route add 10.90.0.0/16 via 192.168.7.1');
    expect(far.ask('tcp', '192.168.7.5', 7)).toBe('10.90.0.2');
    lan.ip('route delete 10.90.0.0/16');
    const inward = { sources: ['10.90.0.0/16', 'fd12::/64'], destinations: ['192.168.7.0/24', 'fd42::/60'] };
    const outward = { sources: ['10.42.0.0/22', 'fd42::/60'], destinations: ['10.90.0.0/16', 'fd12::/64'] };
    await apply([
      ...base(),
      { name: 'nat/in', kind: 'masquerade', ...inward },
      { name: 'nat/out', kind: 'masquerade', ...outward },
    ]);
    for (const protocol of both) {
      expect(far.ask(protocol, '192.168.7.5', 7)).toBe('192.168.7.1');
      expect(lan.ask(protocol, '10.90.0.2', 7)).toBe('10.90.0.1');
      expect(lan.ask(protocol, 'fd12::2', 7)).toBe('fd12::1');
    }
    expect(lan.ask('tcp', '10.90.0.2', 7, '192.168.7.5')).toBe('192.168.7.5');
  });

  test('services are published on mesh addresses that are on no interface, and nothing else comes in', async () => {
    const publish = { kind: 'publish' as const, mesh: { address: '10.90.0.77', port: 443 } };
    const pod = { address: '10.42.0.5', port: 8443 };
    await apply([
      ...base(),
      { ...publish, name: 'nat/service', protocol: 'tcp', service: { address: '10.43.0.10', port: 443 } },
      { ...publish, name: 'nat/pod', protocol: 'tcp', mesh: { address: '10.90.0.1', port: 8080 }, service: pod },
      { ...publish, name: 'nat/again', protocol: 'tcp', mesh: { address: '10.90.0.1', port: 8081 }, service: pod },
      {
        ...publish,
        name: 'nat/dns',
        protocol: 'udp',
        mesh: { address: '10.90.0.77', port: 53 },
        service: { ...pod, port: 5353 },
      },
      {
        ...publish,
        name: 'nat/own',
        protocol: 'tcp',
        mesh: { address: '10.90.0.77', port: 22 },
        service: { address: '192.0.2.1', port: 22 },
      },
      {
        ...publish,
        name: 'nat/six',
        protocol: 'udp',
        mesh: { address: 'fd12::77', port: 53 },
        service: { address: 'fd42::5', port: 7 },
      },
      { name: 'filter/out', verdict: 'accept', sources: ['10.42.0.0/22'], destinations: ['0.0.0.0/0'] },
    ]);
    expect(far.ask('tcp', '10.90.0.77', 443)).toBe('10.90.0.2');
    expect(far.ask('tcp', '10.90.0.1', 8080)).toBe('10.90.0.2');
    expect(far.ask('tcp', '10.90.0.1', 8081)).toBe('10.90.0.2');
    expect(far.ask('udp', '10.90.0.77', 53)).toBe('10.90.0.2');
    expect(far.ask('tcp', '10.90.0.77', 22)).toBe('10.90.0.2');
    expect(far.ask('udp', 'fd12::77', 53)).toBe('fd12::2');
    expect(far.askInVain('tcp', '192.168.7.5', 7)).toBeNull();
  });

  test('filters look at what is forwarded through the tunnel, one way, and count what they drop', async () => {
    const open = {
      name: 'filter/open' as const,
      verdict: 'accept' as const,
      sources: ['10.90.0.0/16'],
      destinations: ['192.168.7.0/24'],
    };
    const closed = {
      name: 'filter/closed' as const,
      verdict: 'drop' as const,
      sources: ['10.90.0.9/32'],
      destinations: ['192.168.0.0/16'],
    };
    const masquerade: Resource = {
      name: 'nat/in',
      kind: 'masquerade',
      sources: ['10.90.0.0/16'],
      destinations: ['192.168.7.0/24'],
    };
    await apply(base());
    await apply([...base(), masquerade, open, closed]);
    expect(far.ask('tcp', '192.168.7.5', 7)).toBe('192.168.7.1');
    expect(far.askInVain('udp', '192.168.7.5', 7, '10.90.0.9')).toBeNull();
    expect(lan.askInVain('udp', '10.90.0.2', 7, '192.168.7.5')).toBeNull();
    expect(far.askInVain('udp', '192.168.7.5', 7, '100.98.0.5')).toBeNull();
    expect(here.ask('tcp', '10.90.0.2', 7)).toBe('10.90.0.1');
    expect(await counters()).toEqual({ [counterName('filter/closed')]: 1, [UNMATCHED]: 2 });
    const virtual = { ...open, name: 'filter/virtual' as const, destinations: ['100.97.4.0/24'] };
    await apply([...base(), masquerade, ...prefixes, open, virtual, closed]);
    expect(far.ask('tcp', '100.97.4.5', 7)).toBe('10.90.0.2');
    expect(far.askInVain('udp', '192.168.7.5', 7, '10.90.0.9')).toBeNull();
    expect(await counters()).toEqual({ [counterName('filter/closed')]: 2, [UNMATCHED]: 2 });
    const dns = { ...open, destinations: ['10.43.0.10/32'], service: { protocol: 'udp' as const, port: 53 } };
    await apply([...base(), ...prefixes, dns]);
    expect(far.ask('udp', '100.99.0.10', 53)).toBe('10.90.0.2');
    expect(far.askInVain('udp', '100.97.4.5', 5353)).toBeNull();
    expect(await counters()).toEqual({ [UNMATCHED]: 3 });
    await apply([...base(), masquerade, { ...closed, name: 'filter/other' }]);
    expect(await counters()).toEqual({ [counterName('filter/other')]: 0, [UNMATCHED]: 3 });
  });

  test('a local filter judges what its sources send to the node itself, and nobody else', async () => {
    await apply(base());
    await here.answer('udp', '10.90.0.1', 9);
    await here.answer('udp', '192.168.7.1', 9);
    await far.answer('udp', '10.90.0.9', 7);
    const client = {
      name: 'filter/client' as const,
      verdict: 'accept' as const,
      sources: ['10.90.0.9/32'],
      destinations: ['192.168.7.0/24'],
    };
    await apply([...base(), client]);
    expect(far.ask('udp', '10.90.0.1', 9, '10.90.0.9')).toBe('10.90.0.9');
    const { [UNMATCHED]: before = 0 } = await counters();
    await apply([...base(), { ...client, local: true }]);
    expect(far.askInVain('udp', '10.90.0.1', 9, '10.90.0.9')).toBeNull();
    expect(await counters()).toEqual({ [UNMATCHED]: before + 1 });
    expect(far.ask('udp', '192.168.7.1', 9, '10.90.0.9')).toBe('10.90.0.9');
    expect(far.ask('udp', '10.90.0.1', 9)).toBe('10.90.0.2');
    expect(here.ask('udp', '10.90.0.9', 7)).toBe('10.90.0.1');
  });

  test('segments fit the narrower of the ways there and back, though nobody says that they do not', async () => {
    await apply(base());
    const silence =
      'add table inet t; add chain inet t i { type filter hook input priority 0; policy accept; }; add rule inet t i icmp type destination-unreachable drop';
    lan.run('nft', silence);
    far.run('nft', silence);
    lan.ip('route add 10.90.0.0/16 via 192.168.7.1');
    for (const mtu of [1500, 1300]) {
      here.ip(`link set lan mtu ${mtu}`);
      lan.ip(`link set eth0 mtu ${mtu}`);
      expect(far.segmentTo('192.168.7.5', 7)).toBe(Math.min(mtu, 1380) - 52);
      expect(lan.segmentTo('10.90.0.2', 7, '192.168.7.5')).toBe(Math.min(mtu, 1380) - 52);
    }
    here.ip('link set lan mtu 1500');
    lan.ip('link set eth0 mtu 1500', 'route delete 10.90.0.0/16');
  });

  test('a full tunnel: all goes through it but the control plane, the near and what others began', async () => {
    const everything = (internet: Resource) => [
      ...base().filter(({ name }) => !name.startsWith('peer/')),
      peerFar('0.0.0.0/0', '::/0'),
      internet,
    ];
    await apply(base());
    const held = machine();
    expect(here.ask('tcp', '203.0.113.9', 7)).toBe('192.0.2.1');
    far.ip('address add 198.51.100.9/32 dev lo', 'address add 2001:db8:9::9/128 dev lo');
    for (const address of ['198.51.100.9', '2001:db8:9::9']) await far.answer('tcp', address, 7);
    writeFileSync('/proc/sys/net/ipv4/conf/all/rp_filter', '1');
    await apply(everything({ name: 'internet', outside: ['198.51.100.0/24'] }), ['192.0.2.2/32']);
    expect(here.ask('tcp', '203.0.113.9', 7)).toBe('10.90.0.1');
    expect(here.ask('tcp', '2001:db8:9::9', 7)).toBe('fd12::1');
    expect(here.ask('tcp', '192.0.2.2', 7)).toBe('192.0.2.1');
    expect(here.ask('tcp', '198.51.100.9', 7)).toBe('192.0.2.1');
    expect(here.ask('tcp', '192.168.7.5', 7)).toBe('192.168.7.1');
    expect(far.ask('tcp', '192.0.2.1', 22, '203.0.113.9')).toBe('203.0.113.9');
    writeFileSync('/proc/sys/net/ipv4/conf/all/rp_filter', '0');
    await apply(everything({ name: 'internet', outside: [], sources: ['10.90.0.9/32'] }));
    expect(here.ask('tcp', '203.0.113.9', 7)).toBe('192.0.2.1');
    await apply(base());
    expect(machine()).toEqual(held);
    expect(here.ask('tcp', '203.0.113.9', 7)).toBe('192.0.2.1');
  });

  test("nothing of the host's own rules, routes and settings changes, and in the end nothing is left", async () => {
    const everything: Resource[] = [
      ...base().filter(({ name }) => !name.startsWith('peer/')),
      peerFar('0.0.0.0/0'),
      ...prefixes,
      { name: 'filter/x', verdict: 'drop', sources: ['10.90.0.9/32'], destinations: ['10.0.0.0/8'] },
      { name: 'filter/y', verdict: 'accept', sources: ['10.90.0.0/16'], destinations: ['10.0.0.0/8'], way: 'through' },
      { name: 'filter/z', verdict: 'drop', sources: ['0.0.0.0/0'], destinations: ['10.9.0.0/16'], way: 'edge' },
      { name: 'transit/ranges', except: ['10.90.0.9/32'], destinations: ['10.20.0.0/24', 'fd20::/64'] },
      { name: 'transit/internet', sources: ['10.90.0.3/32'], destinations: ['0.0.0.0/0'] },
      { name: 'internet', outside: [] },
    ];
    await apply(everything);
    const held = machine();
    const ours = here.run('nft', '-s', 'list', 'table', 'inet', 'tombolo_tmb0');
    expect(held.ruleset).toContain(ours);
    expect(held.ruleset.replace(ours, '')).toBe(before.ruleset);
    expect(held.sysctls['/proc/sys/net/ipv4/conf/lan/forwarding']).toBe('1');
    expect(held.sysctls['/proc/sys/net/ipv6/conf/wan/accept_ra']).toBe('2');
    await device.remove();
    expect(machine()).toEqual(before);
    expect(readdirSync(home).sort()).toEqual(['far.key', 'own.key', 'wireguard-go.log']);
  });
});

/** Everything of the machine that we could have changed. */
function machine() {
  const here = SideMachine.here;
  const sysctls: Record<string, string> = {};
  for (const family of ['ipv4', 'ipv6'])
    for (const device of readdirSync(`/proc/sys/net/${family}/conf`).filter((name) => name !== 'tmb0'))
      for (const name of ['forwarding', 'accept_redirects', 'accept_ra', 'rp_filter', 'src_valid_mark'])
        try {
          const path = `/proc/sys/net/${family}/conf/${device}/${name}`;
          sysctls[path] = readFileSync(path, 'utf8').trim();
        } catch {
          // Not one of this family.
        }
  const routes = (family: string) => here.run('ip', family, 'route', 'show', 'table', 'all').split('\n');
  return {
    rules: here.run('ip', 'rule', 'show') + here.run('ip', '-6', 'rule', 'show'),
    // The kernel's own for addresses that it may still be trying.
    routes: [...routes('-4'), ...routes('-6')].filter((line) => !line.includes('fe80::')),
    ruleset: here.run('nft', '-s', 'list', 'ruleset'),
    sysctls,
  };
}
