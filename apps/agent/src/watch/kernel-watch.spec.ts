import { spawnSync } from 'node:child_process';
import { routingNumbers } from '#wireguard/core/full-tunnel.js';
import { createLog } from '../log.js';
import { concerns, concernsHost, KernelWatch, tellsOfMove } from './kernel-watch.js';

// Lines of `ip -oneline monitor link address route`, iproute2 6.1.
test.each([
  [`4: tmb0: <POINTOPOINT,NOARP> mtu 1380 qdisc pfifo_fast state DOWN group default \\    link/none `, true],
  [
    `Deleted 4: tmb0: <POINTOPOINT,MULTICAST,NOARP> mtu 1420 qdisc noop state DOWN group default \\    link/none `,
    true,
  ],
  [`4: tmb0    inet 10.90.0.1/32 scope global tmb0\\       valid_lft forever preferred_lft forever`, true],
  [`Deleted 4: tmb0    inet 10.90.0.1/32 scope global tmb0\\       valid_lft forever`, true],
  [`10.90.0.0/16 dev tmb0 proto 116 scope link `, true],
  [`Deleted fd12::/64 dev tmb0 proto 116 metric 1024 pref medium`, true],
  [`local 10.90.0.1 dev tmb0 table local proto kernel scope host src 10.90.0.1 `, true],
  [`5: tmb01: <BROADCAST> mtu 1500`, false],
  [`10.90.0.0/16 dev eth0 proto 116 scope link `, false],
  [`7: veth1@tmb0x: <BROADCAST> mtu 1500`, false],
  ['', false],
])('%s: %s', (line, expected) => {
  expect(concerns(line, 'tmb0')).toBe(expected);
});

const { through, outside: priority } = routingNumbers('tmb0').priorities;

// Lines of `ip -oneline monitor rule netconf`.
test.each([
  [`${priority + 2}:\tnot from all fwmark 0x74 lookup 1953214321 proto 116`, true],
  [`Deleted ${priority}:\tfrom all to 192.0.2.1 lookup main proto 116`, true],
  [`${through}:\tfrom all fwmark 0x75 iif tmb0 lookup 1953214321 proto 116`, true],
  [`Deleted ${priority + 3}:\tfrom all lookup main`, false],
  ['32766:\tfrom all lookup main', false],
  ['inet all forwarding off ', true],
  ['inet6 all forwarding on ', true],
  ['inet eth0 forwarding on ', false],
  ['inet eth0 rp_filter strict ', false],
  [`${priority}: eth0: <BROADCAST> mtu 1500`, false],
])('of the host, %s: %s', (line, expected) => {
  expect(concernsHost(line, 'tmb0')).toBe(expected);
});

test.each([
  ['default via 192.168.1.1 dev eth0 ', true],
  ['Deleted default via 192.168.1.1 dev eth0 ', true],
  ['2: eth0    inet 192.168.2.2/24 scope global eth0\\       valid_lft forever preferred_lft forever', true],
  ['Deleted 2: eth0    inet6 2001:db8::2/64 scope global \\       valid_lft forever', true],
  ['9: veth1    inet6 fe80::1/64 scope link \\       valid_lft forever', false],
  ['10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2 ', false],
  ['default dev tmb0 table 1953214321 proto 116 scope link ', false],
  ['4: tmb0    inet 10.90.0.1/32 scope global tmb0', false],
])('of a move, %s: %s', (line, expected) => {
  expect(tellsOfMove(line, 'tmb0')).toBe(expected);
});

test('once it has ended it begins nothing: a monitor that nobody stops keeps the agent from ending', () => {
  const watch = new KernelWatch('tmb0', { onChange: () => undefined, onMove: () => undefined }, createLog('silent'));
  watch.stop();
  watch.watchFirewall(true);
  const { stdout } = spawnSync('pgrep', ['-P', String(process.pid), '-x', 'nft'], { encoding: 'utf8' });
  watch.stop();
  expect(stdout).toBe('');
});
