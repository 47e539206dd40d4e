import { endpointsOf, explicitEndpoint } from './own-endpoints.js';

const device = (addresses: object[], rest: object = {}) => ({
  ifname: 'eth0',
  flags: ['UP'],
  addr_info: addresses.map((address) => ({ scope: 'global', ...address })) as never,
  ...rest,
});

test('public before private, IPv4 before IPv6; only what others can call', () => {
  const entries = [
    device([{ local: '127.0.0.1', scope: 'host' }], { ifname: 'lo', flags: ['LOOPBACK', 'UP'] }),
    device([
      { local: 'fd00:1::5' },
      { local: '2001:db8::5' },
      { local: '10.0.0.5' },
      { local: '203.0.113.5' },
      { local: '100.64.1.2' },
      { local: '2001:db8::77', temporary: true },
      { local: '2001:db8::78', deprecated: true },
      { local: 'fe80::1', scope: 'link' },
      { local: '169.254.3.4' },
    ]),
    device([{ local: '10.90.0.1' }], { ifname: 'tmb1', linkinfo: { info_kind: 'tun' } }),
    device([{ local: '10.91.0.1' }], { ifname: 'wg0', linkinfo: { info_kind: 'wireguard' } }),
    device([{ local: '172.17.0.1' }], { ifname: 'docker0', linkinfo: { info_kind: 'bridge' } }),
  ];
  expect(endpointsOf(entries, 4711).map(({ address, port, kind }) => `${kind} ${address} ${port}`)).toEqual([
    'public 203.0.113.5 4711',
    'public 2001:db8::5 4711',
    'lan 10.0.0.5 4711',
    'lan 100.64.1.2 4711',
    'lan 172.17.0.1 4711',
    'lan fd00:1::5 4711',
  ]);
});

test.each([
  ['198.51.100.7:51820', '198.51.100.7', 51820],
  ['[2001:DB8:0::7]:1', '2001:db8::7', 1],
  ['localhost:9', expect.stringMatching(/^(127\.0\.0\.1|::1)$/), 9],
])('--endpoint %s', async (text, address, port) => {
  expect(await explicitEndpoint(text)).toEqual({ address, port, kind: 'public' });
});

test.each(['', 'host', 'host:', ':5', 'host:0', 'host:65536', '2001:db8::7:51820', '[x', 'a:b:c'])(
  '--endpoint %j is a mistake',
  async (text) => {
    await expect(explicitEndpoint(text)).rejects.toMatchObject({ exit: 'usage' });
  },
);

test('a name that does not resolve is named', async () => {
  await expect(explicitEndpoint('no-such-host.invalid:1')).rejects.toMatchObject({
    exit: 'failed',
    message: expect.stringContaining('no-such-host.invalid does not resolve'),
  });
});
