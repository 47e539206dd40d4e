import type { Resource } from '#contracts/node-stream.js';
import { desiredDevice } from './desired-device.js';
import { diffDevice } from './diff-device.js';
import { firewallDigest } from './firewall/render-firewall.js';
import type { RoutingRule } from './full-tunnel.js';
import { desired, local, observed, ownInterface } from '../testing/fixtures.js';
import type { ObservedDevice } from './observed-device.js';
import { renderCommands } from './render-commands.js';

const filter: Resource = { name: 'filter/x', verdict: 'drop', sources: ['10.0.0.0/8'], destinations: ['0.0.0.0/0'] };
const internet: Resource = { name: 'internet', outside: ['192.0.2.7/32'] };
const forwarding = [ownInterface({ forward: true })];
const { firewall } = desired([ownInterface(), filter]);
const counters = { drop_x: { packets: 3, bytes: 180 } };
const rules: RoutingRule[] = [
  { family: 4, kind: 'outside', to: '192.0.2.7/32' },
  { family: 4, kind: 'near' },
  { family: 4, kind: 'tunnel', from: null },
  { family: 6, kind: 'near' },
  { family: 6, kind: 'tunnel', from: null },
];
const fullTunnel: Partial<ObservedDevice> = { fwmark: 0x74, tunnelRoutes: ['0.0.0.0/0', '::/0'], rules };
const off = { forward4: '0', forward6: '0', markedPaths: '0', loosePaths: '0' };

test.each<[string, Resource[], Partial<ObservedDevice>, string[]]>([
  [
    'forwarding begins: the table first, then what is needed of the machine',
    forwarding,
    { sysctls: { ...off, forward6: '1' } },
    [
      'firewall-set: the table for translation and filter is missing',
      'sysctl-set: net.ipv4.ip_forward is 0 instead of 1',
      'sysctl-set: net.ipv4.conf.the interface.rp_filter is 0 instead of 2',
    ],
  ],
  [
    'a setting that this kernel does not have',
    [ownInterface(), filter],
    { firewall: { digest: firewallDigest(firewall!), counters }, sysctls: { ...off, forward4: null } },
    [],
  ],
  [
    'the table of another set',
    [ownInterface(), filter],
    { firewall: { digest: '0123456789abcdef', counters } },
    ['firewall-set: translation and filter differ from the set'],
  ],
  [
    'a table that a hand has changed',
    [ownInterface(), filter],
    { firewall: { digest: null, counters } },
    ['firewall-set: the table for translation and filter was changed by another hand'],
  ],
  [
    'nothing of it is needed any more: forwarding ends before the filter goes',
    [ownInterface()],
    { firewall: { digest: null, counters }, sysctls: { ...off, forward4: '1' }, changedSysctls: ['forward4'] },
    [
      'sysctl-restore: net.ipv4.ip_forward is no longer needed',
      'firewall-remove: translation and filter are not in the set',
    ],
  ],
  [
    'forwarding that the machine had by itself is left alone',
    [ownInterface()],
    { sysctls: { ...off, forward4: '1', forward6: '1' } },
    [],
  ],
  [
    'a full tunnel: mark, way, exceptions, then everything',
    [ownInterface(), internet],
    { firewall: { digest: firewallDigest(desired([ownInterface(), internet]).firewall!), counters: {} } },
    [
      "fwmark: the tunnel's packets have mark 0",
      'sysctl-set: net.ipv4.conf.all.src_valid_mark is 0 instead of 1',
      'tunnel-route-add: route 0.0.0.0/0 of the full tunnel is missing',
      'tunnel-route-add: route ::/0 of the full tunnel is missing',
      'rule-add: routing rule outside 192.0.2.7/32 (IPv4) is missing',
      'rule-add: routing rule near (IPv4) is missing',
      'rule-add: routing rule tunnel (IPv4) is missing',
      'rule-add: routing rule near (IPv6) is missing',
      'rule-add: routing rule tunnel (IPv6) is missing',
    ],
  ],
  [
    'a full tunnel ends: everything first, then its exceptions, way and mark',
    [ownInterface()],
    fullTunnel,
    [
      'rule-delete: routing rule tunnel (IPv6) is not in the set',
      'rule-delete: routing rule near (IPv6) is not in the set',
      'rule-delete: routing rule tunnel (IPv4) is not in the set',
      'rule-delete: routing rule near (IPv4) is not in the set',
      'rule-delete: routing rule outside 192.0.2.7/32 (IPv4) is not in the set',
      'tunnel-route-delete: route 0.0.0.0/0 of the full tunnel is not in the set',
      'tunnel-route-delete: route ::/0 of the full tunnel is not in the set',
      "fwmark: the tunnel's packets have mark 116",
    ],
  ],
])('%s', (_, resources, held, steps) => {
  const operations = diffDevice(desired(resources), observed(held), new Set());
  expect(operations.map(({ kind, reason }) => `${kind}: ${reason}`)).toEqual(steps);
});

test("only clients' traffic: rules for what comes out of the tunnel from them, no mark", () => {
  const device = desired([ownInterface(), { ...internet, sources: ['10.90.0.9/32', 'fd12::9/128'] } as Resource]);
  expect(device.fwmark).toBe(0);
  expect(device.firewall).toBeNull();
  expect(device.fullTunnel.rules).toEqual([
    { family: 4, kind: 'outside', to: '192.0.2.7/32' },
    { family: 4, kind: 'near' },
    { family: 4, kind: 'tunnel', from: '10.90.0.9/32' },
    { family: 6, kind: 'near' },
    { family: 6, kind: 'tunnel', from: 'fd12::9/128' },
  ]);
});

test('what only comes by: a rule for what the firewall marks, before all others, and our table; no mark on the tunnel', () => {
  const transit: Resource = { name: 'transit/ranges', destinations: ['10.20.0.0/24'] };
  const device = desired([ownInterface({ forward: true }), transit]);
  expect([device.fwmark, device.fullTunnel]).toEqual([
    0,
    { routes: ['0.0.0.0/0'], rules: [{ family: 4, kind: 'through' }] },
  ]);
  const both = desired([
    ownInterface({ forward: true }),
    transit,
    { ...internet, sources: ['10.90.0.9/32'] } as Resource,
  ]);
  expect(both.fullTunnel.rules.filter(({ family }) => family === 4).map(({ kind }) => kind)).toEqual([
    'through',
    'outside',
    'near',
    'tunnel',
  ]);
  const commands = renderCommands(diffDevice(device, observed(), new Set()), {
    interfaceName: 'tmb0',
    privateKeyFile: '/state/wireguard.key',
  });
  expect(commands.flatMap((each) => (each.tool === 'ip' && each.family === 4 ? [each.batch] : []))).toEqual([
    expect.stringMatching(/^rule add fwmark 0x75 iif tmb0 table \d+ priority 1[2-5]\d{3} protocol 116\n$/),
  ]);
});

test("the control plane's addresses as this node knows them stay outside, too; without IPv6 there is none of it", () => {
  const device = desiredDevice([ownInterface({ forward: true }), internet], {
    ...local,
    ipv6: false,
    controlPlane: ['192.0.2.0/24', '2001:db8::7/128'],
  });
  expect(device.fullTunnel).toEqual({
    routes: ['0.0.0.0/0'],
    rules: [
      { family: 4, kind: 'outside', to: '192.0.2.0/24' },
      { family: 4, kind: 'near' },
      { family: 4, kind: 'tunnel', from: null },
    ],
  });
  expect(device.sysctls).toEqual({ forward4: '1', loosePaths: '2', markedPaths: '1' });
});

test('as few calls as can be: one of nft, one of ip for routes and one for the rules of each family', () => {
  const steps = diffDevice(desired([...forwarding, filter, internet]), observed(), new Set());
  const commands = renderCommands(steps, { interfaceName: 'tmb0', privateKeyFile: '/state/wireguard.key' });
  expect(commands.map((each) => (each.tool === 'ip' ? `ip ${each.family ?? ''}`.trim() : each.tool))).toEqual([
    'nft',
    'wg',
    ...Array<string>(4).fill('sysctl'),
    'ip',
    'ip 4',
    'ip 6',
  ]);
  expect(commands.flatMap((each) => (each.tool === 'ip' ? [each.batch] : []))).toEqual([
    'route replace 0.0.0.0/0 dev tmb0 table 1955718756 proto 116\nroute replace ::/0 dev tmb0 table 1955718756 proto 116\n',
    expect.stringMatching(
      /^rule add to 192\.0\.2\.7\/32 table 254 priority (\d+) protocol 116\nrule add table 254 suppress_prefixlength 0 .*\nrule add not fwmark 0x74 table \d+ .*\n$/,
    ),
    expect.stringMatching(/^rule add table 254 suppress_prefixlength 0 .*\nrule add not fwmark 0x74 table \d+ .*\n$/),
  ]);
});
