import { parseIpAddress, parseIpRoutes, parseIpRules } from './parse-ip-json.js';
import { routingNumbers, type RoutingRule } from './full-tunnel.js';
import { parseWgDump } from './parse-wg-dump.js';

// Output of wireguard-tools 1.0.20210914 and iproute2 6.1, the private key replaced.
const dump = [
  ['cHJpdmF0ZSBrZXksIG5vdCB0byBiZSBrZXB0IGFueXc=', 'dTxsPrq0lj3+84GSETHJQjHzZov2yRjFv5F9R5aJvjY=', '51820', 'off'],
  [
    'wr+G5kXHP4RgEmi2qu3CQyLGaz1ePj33ZXPjhZwUskc=',
    'bm90IHRvIGJlIGtlcHQgZWl0aGVyLCBvZiBjb3Vyc2U=',
    '[2001:db8::2]:51820',
    'fd12::3/128,10.1.0.3/32',
    '1763700000',
    '1180',
    '92',
    '25',
  ],
  ['+L4WmfdemIVfu9Bw2FSa4c82xgU0HbR9xREVJLvct1Y=', '(none)', '(none)', '(none)', '0', '0', '0', 'off'],
]
  .map((line) => line.join('\t'))
  .join('\n');

test('wg show dump', () => {
  const parsed = parseWgDump(`${dump}\n`);
  expect(parsed).toEqual({
    publicKey: 'dTxsPrq0lj3+84GSETHJQjHzZov2yRjFv5F9R5aJvjY=',
    listenPort: 51820,
    fwmark: 0,
    peers: [
      {
        publicKey: '+L4WmfdemIVfu9Bw2FSa4c82xgU0HbR9xREVJLvct1Y=',
        hasPresharedKey: false,
        endpoint: null,
        allowedIps: [],
        handshakeAt: 0,
        keepalive: 0,
      },
      {
        publicKey: 'wr+G5kXHP4RgEmi2qu3CQyLGaz1ePj33ZXPjhZwUskc=',
        hasPresharedKey: true,
        endpoint: '[2001:db8::2]:51820',
        allowedIps: ['10.1.0.3/32', 'fd12::3/128'],
        handshakeAt: 1763700000,
        keepalive: 25,
      },
    ],
  });
  expect(JSON.stringify(parsed)).not.toMatch(/cHJp|bm90/);
});

test('wg show dump of an interface that was just made', () => {
  const empty = { publicKey: null, listenPort: 47070, fwmark: 0, peers: [] };
  expect(parseWgDump('(none)\t(none)\t47070\toff\n')).toEqual(empty);
  expect(parseWgDump('(none)\t(none)\t47070\t0x74\n')).toEqual({ ...empty, fwmark: 0x74 });
});

test.each([[''], ['Unable to access interface\n'], ['a\tb\tc\td\ne\tf\n']])('no dump: %j', (text) => {
  expect(() => parseWgDump(text)).toThrow('wg show dump');
});

test('ip address: link and addresses, link-local ones left out', () => {
  const text = `[{"ifindex":2,"ifname":"wg0","flags":["POINTOPOINT","MULTICAST","NOARP","UP","LOWER_UP"],"mtu":1380,
    "qdisc":"pfifo_fast","operstate":"UNKNOWN","group":"default","txqlen":500,"link_type":"none","promiscuity":0,
    "linkinfo":{"info_kind":"tun","info_data":{"type":"tun","pi":true}},"addr_info":[
    {"family":"inet","local":"10.1.0.1","prefixlen":32,"scope":"global","label":"wg0"},
    {"family":"inet6","local":"fd12::1","prefixlen":128,"scope":"global"},
    {"family":"inet6","local":"fe80::783b:f6df:641d:1290","prefixlen":64,"scope":"link","stable-privacy":true}]}]`;
  expect(parseIpAddress(text)).toEqual({
    ifindex: 2,
    mtu: 1380,
    up: true,
    kind: 'tun',
    addresses: ['10.1.0.1/32', 'fd12::1/128'],
  });
});

test('ip address of nothing', () => {
  expect(parseIpAddress('[{}]')).toBeUndefined();
});

test.each([
  [
    4 as const,
    `[{"dst":"10.1.0.0/16","protocol":"116","scope":"253","flags":[]},{"dst":"10.7.7.7","protocol":"3","scope":"253","flags":[]}]`,
    [
      { cidr: '10.1.0.0/16', ours: true },
      { cidr: '10.7.7.7/32', ours: false },
    ],
  ],
  [
    6 as const,
    `[{"dst":"fd12::1","protocol":"2","metric":256,"flags":[],"pref":"medium"},{"dst":"fd12::/64","protocol":"116",
      "metric":1024,"flags":[],"pref":"medium"},{"dst":"fe80::/64","protocol":"2","metric":256,"flags":[],"pref":"medium"},
      {"dst":"default","protocol":"3","metric":1024,"flags":[],"pref":"medium"}]`,
    [
      { cidr: 'fd12::/64', ours: true },
      { cidr: '::/0', ours: false },
    ],
  ],
])('ip -%d route: what the kernel made itself left out', (family, text, routes) => {
  expect(parseIpRoutes(text, family, TABLE)).toEqual({ routes, tunnelRoutes: [] });
});

const { table: TABLE, priorities } = routingNumbers('tmb0');
const { through: THROUGH, outside: FIRST } = priorities;

test('ip route: the table of the full tunnel is told from the main one, others are left out', () => {
  const text = `[{"dst":"default","protocol":"116","table":"${TABLE}"},{"dst":"10.1.0.0/16","protocol":"116"},
    {"dst":"10.2.0.0/16","protocol":"116","table":"100"}]`;
  expect(parseIpRoutes(text, 4, TABLE)).toEqual({
    routes: [{ cidr: '10.1.0.0/16', ours: true }],
    tunnelRoutes: ['0.0.0.0/0'],
  });
});

test.each<[string, object, RoutingRule | undefined]>([
  [
    'outside',
    { priority: FIRST, src: 'all', dst: '1.2.3.0', dstlen: 24, table: '254' },
    { family: 4, kind: 'outside', to: '1.2.3.0/24' },
  ],
  [
    'one host',
    { priority: FIRST, src: 'all', dst: '1.2.3.4', table: '254' },
    { family: 4, kind: 'outside', to: '1.2.3.4/32' },
  ],
  ['near', { priority: FIRST + 1, src: 'all', table: '254', suppress_prefixlen: 0 }, { family: 4, kind: 'near' }],
  [
    'tunnel',
    { priority: FIRST + 2, not: null, src: 'all', fwmark: '0x74', table: String(TABLE) },
    { family: 4, kind: 'tunnel', from: null },
  ],
  [
    'tunnel of clients',
    { priority: FIRST + 2, src: '10.90.0.128', srclen: 25, iif: 'tmb0', table: String(TABLE) },
    { family: 4, kind: 'tunnel', from: '10.90.0.128/25' },
  ],
  [
    'through',
    { priority: THROUGH, src: 'all', fwmark: '0x75', iif: 'tmb0', table: String(TABLE) },
    { family: 4, kind: 'through' },
  ],
  [
    'through, but from anywhere',
    { priority: THROUGH, src: 'all', fwmark: '0x75', table: String(TABLE) },
    { family: 4, kind: 'unknown', priority: THROUGH },
  ],
  [
    'a rule with our number that is not one of those',
    { priority: FIRST + 2, src: 'all', fwmark: '0x74', table: String(TABLE) },
    { family: 4, kind: 'unknown', priority: FIRST + 2 },
  ],
  [
    'near, but for one interface',
    { priority: FIRST + 1, src: 'all', iif: 'eth0', table: '254', suppress_prefixlen: 0 },
    { family: 4, kind: 'unknown', priority: FIRST + 1 },
  ],
  [
    'near the wrong table',
    { priority: FIRST + 1, src: 'all', table: '255' },
    { family: 4, kind: 'unknown', priority: FIRST + 1 },
  ],
  ['of another interface', { priority: FIRST + 3, src: 'all', table: '254' }, undefined],
])('ip rule: %s', (_, entry, rule) => {
  const text = JSON.stringify([{ ...entry, protocol: '116' }, { ...entry, protocol: '4' }, entry]);
  expect(parseIpRules(text, 4, 'tmb0')).toEqual(rule ? [rule] : []);
});
