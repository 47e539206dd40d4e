import { readObserved } from './observed-guard.js';

const ID = '019770d8-0002-7000-8000-000000000001';
const OTHER = '019770d8-0002-7000-8000-000000000002';
const good = {
  endpoints: [{ address: '192.168.1.2', port: 51820, kind: 'lan' }],
  run: '9d1c7a52-3a52-4c9b-8f3e-0d8a6f5e2b11',
  peers: [
    { nodeId: ID, endpoint: '198.51.100.1:4001', link: 'up', rtt: 12.5, handshakeAge: 7 },
    { nodeId: OTHER, endpoint: null, link: 'unanswered', rtt: null, handshakeAge: null },
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

test('an agent of 0.1 tells neither its run nor the age of handshakes', () => {
  const { run: _run, ...old } = { ...good, peers: [{ nodeId: ID, endpoint: null, link: 'up', rtt: null }] };
  expect(readObserved(old)).toEqual(old);
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
  ['a handshake in the future', { peers: [{ ...link, handshakeAge: -1 }] }],
  ['a run that is no text', { run: 7 }],
  ['a run without end', { run: 'x'.repeat(65) }],
  ['a port of 0', { endpoints: [{ address: '192.168.1.2', port: 0, kind: 'lan' }] }],
  ['half a pair', { forwarded: [[ID]] }],
  ['null in a list', { peers: [null] }],
])('%s is refused', (_what, change) => {
  expect(() => readObserved({ ...good, ...change })).toThrow();
});
