import { checkSet } from './check-set.js';
import { KEYS, ownInterface, peer, peerId } from '../testing/fixtures.js';

const probe = `probe/${peerId('g')}`;
const masquerade = { name: 'nat/m', kind: 'masquerade', sources: ['10.90.0.0/16'], destinations: ['10.0.0.0/8'] };
const prefix = { name: 'nat/p', kind: 'prefix', real: '10.42.0.0/16', virtual: '100.97.0.0/16' };
const publish = {
  name: 'nat/s',
  kind: 'publish',
  protocol: 'tcp',
  mesh: { address: '10.90.0.1', port: 443 },
  service: { address: '10.43.0.10', port: 8443 },
};
const filter = { name: 'filter/f', verdict: 'drop', sources: ['0.0.0.0/0', '::/0'], destinations: [] };
const internet = { name: 'internet', outside: ['192.0.2.7/32'] };
const everything = peer('b', { allowedIps: ['0.0.0.0/0', '::/0'], endpoint: '192.0.2.2:51820' });

const check = (...resources: object[]) => checkSet([ownInterface({ forward: true }), ...resources], KEYS.own);

test('a set of a node with gateways that may be applied', () => {
  const probes = [
    { name: probe, address: '10.0.0.5', port: null },
    { name: `probe/${peerId('h')}`, address: null, port: null },
    { name: `probe/${peerId('i')}`, address: 'fd00::5', port: 443 },
  ];
  const prefix6 = { ...prefix, name: 'nat/p6', real: 'fd42::/56', virtual: 'fd97::/56' };
  const service = { ...filter, name: 'filter/s', service: { protocol: 'tcp', port: 443 } };
  const local = { ...filter, name: 'filter/l', local: true };
  const udp = { ...publish, name: 'nat/u', protocol: 'udp' };
  expect(
    check(masquerade, prefix, prefix6, publish, udp, filter, service, local, internet, everything, ...probes),
  ).toEqual([]);
});

test('a relay may have everything for a peer without a way to the internet of its own', () => {
  const transit = { name: 'transit/internet', sources: ['10.90.0.3/32'], destinations: ['0.0.0.0/0', '::/0'] };
  const ranges = { name: 'transit/ranges', except: ['10.90.5.1/32'], destinations: ['10.20.0.0/24'] };
  expect(check(transit, ranges, { ...filter, way: 'through' }, { ...everything, endpoint: null })).toEqual([]);
});

test.each<[string, object[], string, RegExp]>([
  [
    'a way through for everything from anybody',
    [{ name: 'transit/ranges', destinations: ['0.0.0.0/0'] }],
    'transit/ranges',
    /nothing for this node itself/,
  ],
  [
    'a way through from nowhere that is known',
    [{ name: 'transit/internet', sources: 'users', destinations: [] }],
    'transit/internet',
    /"sources" is not a list/,
  ],
  ['a way through to nowhere', [{ name: 'transit/ranges' }], 'transit/ranges', /"destinations" is not a list/],
  ['a filter of another way', [{ ...filter, way: 'around' }], 'filter/f', /neither absent nor through nor edge/],
  [
    'forwarding that is not said plainly',
    [{ ...ownInterface(), forward: 'yes' }],
    'interface',
    /neither absent nor true/,
  ],
  ['everything for a peer without a full tunnel', [everything], everything.name, /take in everything/],
  ['a translation of another kind', [{ ...masquerade, kind: 'nat64' }], 'nat/m', /may be older than the control plane/],
  ['masquerade from nowhere', [{ ...masquerade, sources: undefined }], 'nat/m', /"sources" is not a list/],
  ['masquerade to a name', [{ ...masquerade, destinations: ['lan'] }], 'nat/m', /is not a range/],
  [
    'a name that would be more than a comment',
    [{ ...filter, name: 'filter/x" drop' }],
    'filter/x" drop',
    /not know this kind/,
  ],
  ['prefixes of two lengths', [{ ...prefix, virtual: '100.97.0.0/17' }], 'nat/p', /differ in size/],
  ['prefixes of two families', [{ ...prefix, virtual: 'fd97::/16' }], 'nat/p', /differ in size/],
  ['a prefix of everything', [{ ...prefix, real: '0.0.0.0/0', virtual: '0.0.0.0/0' }], 'nat/p', /cannot be translated/],
  ['loopback', [{ ...prefix, real: '127.0.0.0/16' }], 'nat/p', /cannot be translated/],
  ['host bits', [{ ...prefix, real: '10.42.0.1/16' }], 'nat/p', /host bits/],
  ['real in virtual', [{ ...prefix, virtual: '10.42.0.0/16' }], 'nat/p', /overlap/],
  [
    'one virtual range twice',
    [prefix, { ...prefix, name: 'nat/q', real: '10.9.0.0/16' }],
    'nat/q',
    /overlaps that of nat\/p/,
  ],
  [
    'one real range twice',
    [prefix, { ...prefix, name: 'nat/q', virtual: '100.98.0.0/16' }],
    'nat/q',
    /overlaps that of nat\/p/,
  ],
  ["this node's own address as real", [{ ...prefix, real: '10.90.0.0/16' }], 'nat/p', /own address 10\.90\.0\.1/],
  ["this node's own address as virtual", [{ ...prefix, virtual: '10.90.0.0/16' }], 'nat/p', /own address 10\.90\.0\.1/],
  ['an unknown protocol', [{ ...publish, protocol: 'sctp' }], 'nat/s', /neither tcp nor udp/],
  ['port 0', [{ ...publish, mesh: { address: '10.90.0.1', port: 0 } }], 'nat/s', /"mesh\.port" is not a number/],
  ['no service', [{ ...publish, service: undefined }], 'nat/s', /"service\.address" is not an address/],
  [
    'a service of the other family',
    [{ ...publish, service: { address: 'fd00::1', port: 1 } }],
    'nat/s',
    /different families/,
  ],
  [
    'a service on loopback',
    [{ ...publish, service: { address: '127.0.0.1', port: 1 } }],
    'nat/s',
    /no packet goes there/,
  ],
  ['one port published twice', [publish, { ...publish, name: 'nat/t' }], 'nat/t', /published by nat\/s already/],
  ['a filter without a verdict', [{ ...filter, verdict: 'maybe' }], 'filter/f', /neither accept nor drop/],
  ['a filter of text', [{ ...filter, sources: '10.0.0.0/8' }], 'filter/f', /"sources" is not a list/],
  ['a filter of a port of no protocol', [{ ...filter, service: { port: 443 } }], 'filter/f', /"service\.protocol"/],
  ['a filter that is local in a way', [{ ...filter, local: false }], 'filter/f', /neither absent nor true/],
  ['a filter of port 0', [{ ...filter, service: { protocol: 'udp', port: 0 } }], 'filter/f', /"service\.port"/],
  ['a full tunnel with everything outside', [{ ...internet, outside: ['::/0'] }], 'internet', /nothing would be left/],
  ['a full tunnel without a word of what stays', [{ name: 'internet' }], 'internet', /"outside" is not a list/],
  ['a full tunnel of no list', [{ ...internet, sources: null }], 'internet', /"sources" is not a list/],
  ['a probe of a name', [{ name: probe, address: 'db.lan', port: 1 }], probe, /not an address in canonical form/],
  ['a probe of port 70000', [{ name: probe, address: '10.0.0.5', port: 70_000 }], probe, /neither null nor a number/],
  ['a probe of no gateway', [{ name: 'probe/x', address: null, port: null }], 'probe/x', /does not know this kind/],
])('%s', (_, resources, resource, message) => {
  expect(check(...resources)).toContainEqual({ resource, message: expect.stringMatching(message) });
});

test('more publications than a node has marks for', () => {
  const many = Array.from({ length: 10_001 }, (_, port) => {
    return { ...publish, name: `nat/${port}`, mesh: { address: '10.90.0.1', port: port + 1 } };
  });
  expect(check(...many)).toEqual([{ resource: '', message: expect.stringMatching(/at most 10000/) }]);
});
