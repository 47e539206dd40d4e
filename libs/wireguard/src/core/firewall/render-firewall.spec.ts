import type { Resource } from '#contracts/node-stream.js';
import { ownInterface } from '../../testing/fixtures.js';
import { coveringPrefixes } from './covering-prefixes.js';
import { counterName, desiredFirewall, OUTSIDE_MARK, UNMATCHED } from './firewall.js';
import { firewallDigest, renderFirewall } from './render-firewall.js';

const own = ownInterface();
const firewall = (resources: Resource[], forward?: true) => {
  const iface = forward ? { ...own, forward } : own;
  return desiredFirewall([iface, ...resources], iface, { interfaceName: 'tmb0', ipv6: true });
};
/** Rules of one chain, without comments. */
const rules = (chain: string, resources: Resource[], forward?: true): string[] => {
  const text = renderFirewall(firewall(resources, forward)!);
  const body = new RegExp(`chain ${chain} \\{\\n.*;\\n([^}]*(?:\\}[^\\n][^}]*)*)\\n  \\}`).exec(text)?.[1] ?? '';
  return body.split('\n').map((line) => line.trim().replace(/ comment ".*"$/, ''));
};

const filter = (name: string, verdict: 'accept' | 'drop', sources: string[], destinations: string[]): Resource => ({
  name: `filter/${name}`,
  verdict,
  sources,
  destinations,
});
const pods: Resource = { name: 'nat/pods', kind: 'prefix', real: '10.42.0.0/20', virtual: '100.97.16.0/20' };
const web: Resource = {
  name: 'nat/web',
  kind: 'publish',
  protocol: 'tcp',
  mesh: { address: '10.90.0.7', port: 443 },
  service: { address: '10.43.0.10', port: 8443 },
};

test('a node that neither forwards nor translates has no table', () => {
  expect(firewall([])).toBeNull();
});

test('the whole table in one transaction, counters go on', () => {
  const table = firewall([filter('x', 'drop', ['10.0.0.0/8'], ['10.9.0.0/16'])]);
  const counter = counterName('filter/x');
  expect(renderFirewall(table!, { [counter]: { packets: 3, bytes: 180 }, gone: { packets: 9, bytes: 9 } })).toBe(
    `table inet tombolo_tmb0
delete table inet tombolo_tmb0
table inet tombolo_tmb0 {
  counter ${counter} { packets 3 bytes 180
  }
  counter ${UNMATCHED} { packets 0 bytes 0
  }
  chain cross {
    type filter hook forward priority filter; policy accept;
    iifname != "tmb0" oifname != "tmb0" accept
    ct state established,related accept
    meta nfproto ipv4 ip saddr { 10.0.0.0/8 } ct original ip daddr { 10.9.0.0/16 } counter name ${counter} drop comment "filter/x"
    counter name ${UNMATCHED} drop
  }
}
`,
  );
});

const through: Resource = {
  name: 'transit/ranges',
  except: ['10.90.5.1/32'],
  destinations: ['10.20.0.0/24', '100.64.0.0/10', 'fd20::/64'],
};

test('what only comes by is marked before anything is translated, and left as it is', () => {
  const users: Resource = { name: 'transit/internet', sources: ['10.90.0.3/32'], destinations: ['0.0.0.0/0', '::/0'] };
  const set = [pods, through, users];
  expect(rules('mouth_in', set, true)).toEqual([
    'iifname "tmb0" meta nfproto ipv4 ip saddr { 10.90.0.3/32 } meta mark set 0x75 accept',
    'iifname "tmb0" meta nfproto ipv4 ip daddr { 10.20.0.0/24, 100.64.0.0/10 } ip saddr != { 10.90.5.1/32 } meta mark set 0x75 accept',
    'iifname "tmb0" meta nfproto ipv6 ip6 daddr { fd20::/64 } meta mark set 0x75 accept',
    expect.stringContaining('daddr set'),
  ]);
  expect(rules('mouth_out', set, true)).toEqual([
    'iifname "tmb0" oifname "tmb0" meta mark 0x75 accept',
    expect.stringContaining('saddr set'),
  ]);
});

test('a filter looks at what goes through the tunnel, at what crosses its edge, or at both', () => {
  const all = { sources: ['10.0.0.0/8'], destinations: ['10.0.0.0/8'] };
  const set: Resource[] = [
    { name: 'filter/a', verdict: 'accept', way: 'through', ...all },
    { name: 'filter/b', verdict: 'accept', way: 'edge', ...all },
  ];
  const match = 'meta nfproto ipv4 ip saddr { 10.0.0.0/8 } ct original ip daddr { 10.0.0.0/8 } accept';
  expect(rules('cross', set).slice(2, -1)).toEqual([
    `iifname "tmb0" oifname "tmb0" ${match}`,
    `iifname "tmb0" oifname != "tmb0" ${match}`,
    `iifname != "tmb0" oifname "tmb0" ${match}`,
  ]);
});

test('drops come before accepts, each family is compared with its own, everything needs no match', () => {
  const set = [
    filter('b', 'accept', ['0.0.0.0/0', '::/0'], ['10.0.0.0/8']),
    filter('c', 'drop', ['10.1.0.0/16', 'fd00::/8'], ['0.0.0.0/0', '::/0']),
    filter('a', 'accept', ['10.0.0.0/8', '10.1.0.0/16'], ['fd00::/8']),
    filter('d', 'accept', [], ['10.0.0.0/8']),
  ];
  expect(rules('cross', set).slice(2)).toEqual([
    `meta nfproto ipv4 ip saddr { 10.1.0.0/16 } counter name ${counterName('filter/c')} drop`,
    `meta nfproto ipv6 ip6 saddr { fd00::/8 } counter name ${counterName('filter/c')} drop`,
    'meta nfproto ipv4 ct original ip daddr { 10.0.0.0/8 } accept',
    `counter name ${UNMATCHED} drop`,
  ]);
});

test('a filter of a port: of the connection as it came', () => {
  const set = [
    { ...filter('x', 'accept', ['10.90.0.0/16'], ['10.43.0.10/32']), service: { protocol: 'udp', port: 53 } },
  ];
  expect(rules('cross', set as Resource[])[2]).toBe(
    'meta nfproto ipv4 ip saddr { 10.90.0.0/16 } ct original ip daddr { 10.43.0.10/32 } meta l4proto udp ct original proto-dst 53 accept',
  );
});

test('a local filter also judges what is addressed to the node; who is named in none is not looked at', () => {
  const local = (rule: Resource): Resource => ({ ...rule, local: true }) as Resource;
  const set = [
    local(filter('a', 'accept', ['10.90.0.9/32', 'fd12::9/128'], ['10.90.0.2/32'])),
    local(filter('b', 'drop', ['10.90.0.9/32'], ['10.90.0.3/32'])),
    filter('c', 'accept', ['10.90.0.0/16'], ['10.0.0.0/8']),
  ];
  const [, published] = rules('mouth_in', [web])[0]?.match(/meta mark set (\d+)/) ?? [];
  expect(rules('local', [web, ...set])).toEqual([
    'iifname != "tmb0" accept',
    'ct state established,related accept',
    `meta nfproto ipv4 ip saddr { 10.90.0.9/32 } ct original ip daddr { 10.90.0.3/32 } counter name ${counterName('filter/b')} drop`,
    `iifname "tmb0" ct mark ${published} accept`,
    'meta nfproto ipv4 ip saddr { 10.90.0.9/32 } ct original ip daddr { 10.90.0.2/32 } accept',
    `meta nfproto ipv4 ip saddr { 10.90.0.9/32 } counter name ${UNMATCHED} drop`,
    `meta nfproto ipv6 ip6 saddr { fd12::9/128 } counter name ${UNMATCHED} drop`,
  ]);
  expect(rules('cross', set)).toHaveLength(6);
  expect(renderFirewall(firewall(set.slice(2))!)).not.toContain('hook input');
});

test.each([
  ['a range in the virtual one', ['100.97.18.0/24'], '10.42.2.0/24, 100.97.18.0/24'],
  ['a range around it', ['100.64.0.0/10'], '10.42.0.0/20, 100.64.0.0/10'],
  ['the range itself', ['100.97.16.0/20'], '10.42.0.0/20, 100.97.16.0/20'],
  ['another', ['10.7.0.0/16'], '10.7.0.0/16'],
])('a filter that names %s means the real addresses', (_, destinations, real) => {
  const [rule] = rules('cross', [pods, filter('x', 'accept', ['10.90.0.0/16'], destinations)]).slice(2);
  expect(rule).toBe(`meta nfproto ipv4 ip saddr { 10.90.0.0/16 } ct original ip daddr { ${real} } accept`);
});

test('a prefix is exchanged, host bits stay: at any length, in both families', () => {
  const set: Resource[] = [
    pods,
    { name: 'nat/one', kind: 'prefix', real: '10.43.0.1/32', virtual: '100.98.0.1/32' },
    { name: 'nat/six', kind: 'prefix', real: 'fd42::/61', virtual: 'fd97:0:0:8::/61' },
  ];
  expect(rules('mouth_in', set)).toEqual([
    'iifname "tmb0" ip daddr 100.98.0.1/32 ip daddr set 10.43.0.1',
    'iifname "tmb0" ip daddr 100.97.16.0/20 ip daddr set ip daddr & 0.0.15.255 | 10.42.0.0',
    'iifname "tmb0" ip6 daddr fd97:0:0:8::/61 ip6 daddr set ip6 daddr & ::7:ffff:ffff:ffff:ffff | fd42::',
  ]);
  const inside = 'ip daddr != { 10.42.0.0/20, 10.43.0.1/32 }';
  expect(rules('mouth_out', set)).toEqual([
    `oifname "tmb0" ${inside} ip saddr 10.43.0.1/32 ip saddr set 100.98.0.1`,
    `oifname "tmb0" ${inside} ip saddr 10.42.0.0/20 ip saddr set ip saddr & 0.0.15.255 | 100.97.16.0`,
    'oifname "tmb0" ip6 daddr != { fd42::/61 } ip6 saddr fd42::/61 ip6 saddr set ip6 saddr & ::7:ffff:ffff:ffff:ffff | fd97:0:0:8::',
  ]);
});

test('a published connection is known by a mark that follows from what is published, and passes the filter', () => {
  const mark = /meta mark set (\d+)/.exec(rules('mouth_in', [web])[0] ?? '')?.[1];
  expect(rules('mouth_in', [web, pods])[0]).toBe(
    `iifname "tmb0" ip daddr 10.90.0.7 tcp dport 443 meta mark set ${mark} ip daddr set 10.43.0.10 tcp dport set 8443 accept`,
  );
  expect(rules('remember', [web])).toEqual([`iifname "tmb0" meta mark ${mark} ct mark set ${mark} meta mark set 0`]);
  expect(rules('mouth_out', [web])).toEqual([
    `oifname "tmb0" ct mark ${mark} ct direction reply meta l4proto tcp tcp sport set 443 ip saddr set 10.90.0.7 accept`,
  ]);
  const drop = filter('x', 'drop', ['10.90.0.0/16'], ['10.43.0.0/16']);
  expect(rules('cross', [web, drop])[3]).toBe(`iifname "tmb0" ct mark ${mark} accept`);
});

test('no two publications of a node have one mark, and none that of the tunnel', () => {
  const many = Array.from({ length: 3_000 }, (_, port): Resource => {
    return { ...web, name: `nat/${port}`, mesh: { address: '10.90.0.7', port: port + 1 } } as Resource;
  });
  const marks = firewall(many)!.publications.map((each) => each.mark);
  expect(new Set(marks).size).toBe(3_000);
  expect(marks).not.toContain(OUTSIDE_MARK);
  expect(Math.min(...marks)).toBeGreaterThan(0);
  expect(Math.max(...marks)).toBeLessThan(0x4000);
});

test('masquerade over the edge of the tunnel, both ways, never from tunnel to tunnel', () => {
  const set: Resource[] = [
    { name: 'nat/m', kind: 'masquerade', sources: ['10.90.0.0/16'], destinations: ['0.0.0.0/0', '10.0.0.0/8', '::/0'] },
  ];
  expect(rules('masquerading', set)).toEqual([
    'iifname "tmb0" oifname != "tmb0" meta nfproto ipv4 ip saddr { 10.90.0.0/16 } masquerade',
    'iifname != "tmb0" oifname "tmb0" meta nfproto ipv4 ip saddr { 10.90.0.0/16 } masquerade',
  ]);
  expect(rules('masquerading', [], true)).toEqual([
    'oifname "tmb0" fib saddr type local ip saddr != { 10.90.0.1/32 } masquerade',
    'oifname "tmb0" fib saddr type local ip6 saddr != { fd12::1/128 } masquerade',
  ]);
});

test('one digest for one content, whatever the order of the resources', () => {
  const set = [pods, web, filter('x', 'drop', ['10.0.0.0/8'], ['10.9.0.0/16'])];
  const digest = firewallDigest(firewall(set)!);
  expect(firewallDigest(firewall(set.toReversed())!)).toBe(digest);
  expect(firewallDigest(firewall(set.slice(1))!)).not.toBe(digest);
});

test('of prefixes that lie in each other the widest are kept', () => {
  const prefixes = ['10.1.0.0/16', '10.0.0.0/8', '10.0.0.0/8', 'fd00::/8', 'fd12::/64', '192.0.2.1/32'];
  expect(coveringPrefixes(prefixes)).toEqual(['10.0.0.0/8', '192.0.2.1/32', 'fd00::/8']);
});
