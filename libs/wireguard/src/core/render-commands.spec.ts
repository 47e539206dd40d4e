import { KEYS } from '../testing/fixtures.js';
import type { Operation } from './operation.js';
import { NOBODY, renderCommands } from './render-commands.js';

const target = { interfaceName: 'tmb0', privateKeyFile: '/state/wireguard.key' };
const reason = '';

test('one wg set, one ip batch', () => {
  const operations: Operation[] = [
    { kind: 'private-key', reason },
    { kind: 'listen-port', port: 51820, reason },
    {
      kind: 'peer-set',
      publicKey: KEYS.b,
      allowedIps: ['10.0.0.2/32', 'fd12::2/128'],
      endpoint: '192.0.2.2:1',
      reason,
    },
    { kind: 'peer-set', publicKey: KEYS.c, allowedIps: [], keepalive: 0, clearPresharedKey: true, reason },
    { kind: 'prefix-drop', prefixes: ['10.1.0.0/16', '10.2.0.0/16'], reason },
    { kind: 'peer-remove', publicKey: KEYS.stranger, reason },
    { kind: 'address-add', address: '10.0.0.1/32', reason },
    { kind: 'mtu', mtu: 1380, reason },
    { kind: 'link-up', reason },
    { kind: 'route-add', cidr: '10.0.0.0/16', replace: false, reason },
    { kind: 'route-add', cidr: '10.3.0.0/16', replace: true, reason },
    { kind: 'route-delete', cidr: '10.4.0.0/16', reason },
    { kind: 'address-delete', address: '10.0.0.9/32', reason },
  ];
  expect(renderCommands(operations, target)).toEqual([
    {
      tool: 'wg',
      args: [
        ...['set', 'tmb0', 'private-key', '/state/wireguard.key', 'listen-port', '51820'],
        ...['peer', KEYS.b, 'endpoint', '192.0.2.2:1', 'allowed-ips', '10.0.0.2/32,fd12::2/128'],
        ...['peer', KEYS.c, 'preshared-key', '/dev/null', 'persistent-keepalive', '0', 'allowed-ips', ''],
        ...['peer', NOBODY, 'allowed-ips', '10.1.0.0/16,10.2.0.0/16', 'peer', NOBODY, 'remove'],
        ...['peer', KEYS.stranger, 'remove'],
      ],
      operations: operations.slice(0, 6),
    },
    {
      tool: 'ip',
      batch: [
        'address add 10.0.0.1/32 dev tmb0',
        'link set dev tmb0 mtu 1380',
        'link set dev tmb0 up',
        'route add 10.0.0.0/16 dev tmb0 proto 116',
        'route replace 10.3.0.0/16 dev tmb0 proto 116',
        'route delete 10.4.0.0/16 dev tmb0 proto 116',
        'address delete 10.0.0.9/32 dev tmb0',
        '',
      ].join('\n'),
      operations: operations.slice(6),
    },
  ]);
});

test('more peers than one call may name are split', () => {
  const operations = Array.from({ length: 12_000 }, (): Operation => {
    return { kind: 'peer-set', publicKey: KEYS.b, allowedIps: ['10.0.0.2/32'], reason };
  });
  const commands = renderCommands(operations, target);
  expect(commands.map((command) => command.operations.length)).toEqual([5000, 5000, 2000]);
  for (const command of commands)
    expect(command).toMatchObject({ tool: 'wg', args: expect.arrayContaining(['set', 'tmb0']) });
});

test('arguments of one call stay below the limit of the kernel', () => {
  const allowedIps = Array.from({ length: 2000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
  const operations = Array.from({ length: 100 }, (): Operation => {
    return { kind: 'peer-set', publicKey: KEYS.b, allowedIps, reason };
  });
  const commands = renderCommands(operations, target);
  expect(commands.length).toBeGreaterThan(1);
  for (const command of commands)
    expect(JSON.stringify(command.tool === 'wg' && command.args).length).toBeLessThan(1_100_000);
});

test('a list that is too long for one argument goes by a file', () => {
  const allowedIps = Array.from({ length: 20_000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
  const [command] = renderCommands([{ kind: 'peer-set', publicKey: KEYS.b, allowedIps, keepalive: 5, reason }], target);
  expect(command).toMatchObject({ tool: 'wg-addconf' });
  expect(command?.tool === 'wg-addconf' && command.config).toBe(
    `[Peer]\nPublicKey = ${KEYS.b}\nPersistentKeepalive = 5\nAllowedIPs = ${allowedIps.join(', ')}\n`,
  );
});
