import { readObserved } from './observed-guard.js';

const ID = '019770d8-0002-7000-8000-000000000001';
const OTHER = '019770d8-0002-7000-8000-000000000002';
const good = {
  endpoints: [{ address: '192.168.1.2', port: 51820, kind: 'lan' }],
  peers: [
    { nodeId: ID, endpoint: '198.51.100.1:4001', link: 'up', rtt: 12.5 },
    { nodeId: OTHER, endpoint: null, link: 'unanswered', rtt: null },
  ],
  forwarded: [[ID, OTHER]],
};

test('what a node observed comes through as it is', () => {
  expect(readObserved(good)).toEqual(good);
});

test('addresses come out in canonical form, unknown fields do not', () => {
  const { peers, endpoints } = readObserved({
    ...good,
    peers: [{ nodeId: ID, endpoint: '[2001:DB8::1]:1', link: 'up', rtt: null, more: 1 }],
    endpoints: [{ address: '2001:DB8::1', port: 1, kind: 'public' }],
  });
  expect(peers).toEqual([{ nodeId: ID, endpoint: '[2001:db8::1]:1', link: 'up', rtt: null }]);
  expect(endpoints[0]?.address).toBe('2001:db8::1');
});

const [link] = good.peers;
test.each<[string, object]>([
  ['no peers', { peers: undefined }],
  ['too many peers', { peers: Array(501).fill(link) }],
  ['a node that is none', { peers: [{ ...link, nodeId: '*' }] }],
  ['an endpoint that is a name', { peers: [{ ...link, endpoint: 'host:1' }] }],
  ['a link of another kind', { peers: [{ ...link, link: 'idle' }] }],
  ['a negative time', { peers: [{ ...link, rtt: -1 }] }],
  ['a time that is none', { peers: [{ ...link, rtt: NaN }] }],
  ['a port of 0', { endpoints: [{ address: '192.168.1.2', port: 0, kind: 'lan' }] }],
  ['half a pair', { forwarded: [[ID]] }],
  ['null in a list', { peers: [null] }],
])('%s is refused', (_what, change) => {
  expect(() => readObserved({ ...good, ...change })).toThrow();
});
