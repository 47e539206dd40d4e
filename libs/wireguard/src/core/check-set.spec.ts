import { checkSet } from './check-set.js';
import { KEYS, ownInterface, peer, peerId, route } from '../testing/fixtures.js';

const b = `peer/${peerId('b')}`;
const c = `peer/${peerId('c')}`;
const whole = [ownInterface(), peer('b', { endpoint: '192.0.2.2:51820' }), peer('c'), route('10.90.0.0/16')];

test('a set that may be applied', () => {
  expect(checkSet(whole, KEYS.own)).toEqual([]);
});

test('prefixes of two peers may nest: the longest wins', () => {
  const set = [ownInterface(), peer('b', { allowedIps: ['10.1.0.0/16'] }), peer('c', { allowedIps: ['10.1.2.0/24'] })];
  expect(checkSet(set, KEYS.own)).toEqual([]);
});

const iface = (changes: object) => [{ ...ownInterface(), ...changes }];
const withPeer = (changes: object) => [ownInterface(), { ...peer('b'), ...changes }];

test.each<[string, unknown[], string, string | RegExp]>([
  ['nothing', [], '', 'the set has no resource "interface"'],
  ['no object', [ownInterface(), null], '', 'a resource without a name'],
  ['a kind from the future', [ownInterface(), { name: 'relay/1' }], 'relay/1', /does not know this kind/],
  ['a peer without an id', [ownInterface(), { ...peer('b'), name: 'peer/*' }], 'peer/*', /does not know this kind/],
  ['one name twice', [ownInterface(), ownInterface({ addresses: ['10.90.0.9/32'] })], 'interface', /is there twice/],
  ['our own key', withPeer({ publicKey: KEYS.own }), b, /our own key/],
  ['one key twice', [...withPeer({}), peer('c', { publicKey: KEYS.b })], c, `${b} has the same public key`],
  [
    'one prefix at two peers',
    [...withPeer({}), peer('c', { allowedIps: ['10.90.0.2/32'] })],
    c,
    `10.90.0.2/32 belongs to ${b} already`,
  ],
  ['one prefix twice', withPeer({ allowedIps: ['10.1.0.0/16', '10.1.0.0/16'] }), b, '10.1.0.0/16 is there twice'],
  ['our own address at a peer', withPeer({ allowedIps: ['10.90.0.1/32'] }), b, /belongs to this node already/],
  ['a key of 31 bytes', withPeer({ publicKey: 'A'.repeat(42) }), b, /base64 of 32 bytes/],
  ['a key of zeros', withPeer({ publicKey: `${'A'.repeat(43)}=` }), b, /base64 of 32 bytes/],
  ['a relay that is not there', withPeer({ via: peerId('c') }), b, /through a peer that is not in the set/],
  ['a relay behind a relay', [...withPeer({ via: peerId('c') }), peer('c', { via: peerId('b') })], b, /not in the set/],
  ['a trial of nothing', withPeer({ trial: true }), b, /"trial" is neither/],
  ['a keepalive of 0', withPeer({ keepalive: 0 }), b, /"keepalive" is neither absent/],
  ['host bits', withPeer({ allowedIps: ['10.9.9.9/24'] }), b, /host bits/],
  ['an octet of 256', withPeer({ allowedIps: ['10.0.0.256/32'] }), b, /greater than 255/],
  ['another spelling', withPeer({ allowedIps: ['fd12:0::1/128'] }), b, /not in canonical form/],
  ['no list', withPeer({ allowedIps: '10.0.0.0/8' }), b, /not a list/],
  ['no text', withPeer({ allowedIps: [7] }), b, /not a text/],
  ['everything', withPeer({ allowedIps: ['0.0.0.0/0'] }), b, /take in everything/],
  ['multicast', withPeer({ allowedIps: ['224.0.0.0/8'] }), b, /cannot be carried/],
  ['a name as endpoint', withPeer({ endpoint: 'example.org:51820' }), b, /not an IPv4|neither an IPv4/],
  ['no port', withPeer({ endpoint: '192.0.2.1' }), b, /ADDRESS:PORT/],
  ['port 65536', withPeer({ endpoint: '192.0.2.1:65536' }), b, /port from 1 to 65535/],
  ['an endpoint without value', withPeer({ endpoint: undefined }), b, /neither null nor a text/],
  ['endpoint 0.0.0.0', withPeer({ endpoint: '0.0.0.0:1' }), b, /is unspecified/],
  ['another spelling of an endpoint', withPeer({ endpoint: '[2001:DB8::1]:1' }), b, /not in canonical form/],
  ['an endpoint in the tunnel', withPeer({ endpoint: '10.90.0.2:51820' }), b, /run in itself/],
  ['no name for people', withPeer({ node: '' }), b, '"node" is not a name'],
  ['no address', iface({ addresses: [] }), 'interface', /at least one address/],
  ['a range as address', iface({ addresses: ['10.90.0.0/16'] }), 'interface', /not one host's address/],
  ['a loopback address', iface({ addresses: ['127.0.0.1/32'] }), 'interface', /no address a node can have/],
  ['MTU 1279 with IPv6', iface({ mtu: 1279 }), 'interface', /from 1280 to/],
  ['MTU 575', iface({ addresses: ['10.0.0.1/32'], mtu: 575 }), 'interface', /from 576 to/],
  ['MTU 1400.5', iface({ mtu: 1400.5 }), 'interface', /"mtu" is not a number/],
  ['MTU as text', iface({ mtu: '1400' }), 'interface', /"mtu" is not a number/],
  ['keepalive 0', iface({ keepalive: 0 }), 'interface', /"keepalive"/],
  [
    'a route under another name',
    [ownInterface(), { ...route('10.0.0.0/8'), cidr: '10.1.0.0/16' }],
    'route/10.0.0.0/8',
    /in the name/,
  ],
  ['a default route', [ownInterface(), route('::/0')], 'route/::/0', /tunnel in itself/],
  [
    'a route to link-local addresses',
    [ownInterface(), route('169.254.0.0/16')],
    'route/169.254.0.0/16',
    /cannot be routed/,
  ],
])('%s', (_, resources, resource, message) => {
  expect(checkSet(resources, KEYS.own)).toContainEqual({
    resource,
    message: typeof message === 'string' ? message : expect.stringMatching(message),
  });
});

test('the whole set is looked at: every problem is named', () => {
  const problems = checkSet([...withPeer({ publicKey: 1, allowedIps: ['10.0.0.1'] }), { name: 'relay/1' }], KEYS.own);
  expect(problems.map((problem) => problem.resource)).toEqual([b, b, 'relay/1']);
});
