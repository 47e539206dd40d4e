import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chooseListenPort, OWN_PORTS, type PortSource } from './listen-port.js';

/** A machine that uses these ports, and where chance picks the others one after the other. */
function machine(...taken: number[]): PortSource {
  let next = 0;
  return {
    isFree: async (port) => !taken.includes(port),
    pick: (first, last) => first + (next++ % (last - first + 1)),
  };
}

test.each([
  ['asked for', { asked: 47_123, isCalled: true }, machine(), 47_123],
  ['asked for, the usual one', { asked: 51_820, isCalled: false }, machine(), 51_820],
  ['of one that others call', { isCalled: true }, machine(), 51_820],
  ['of one that others call, where somebody has the usual one', { isCalled: true }, machine(51_820), 61_000],
  ['of one that only a router shows', { isCalled: false }, machine(), 61_000],
  ['of the same, where some are taken', { isCalled: false }, machine(61_000, 61_001), 61_002],
])('the port %s', async (_what, wish, ports, expected) => {
  expect(await chooseListenPort(wish, ports)).toBe(expected);
});

test('one that was asked for is never changed: taken, it is a failure', async () => {
  await expect(chooseListenPort({ asked: 51_820, isCalled: true }, machine(51_820))).rejects.toMatchObject({
    exit: 'failed',
    message: 'UDP port 51820 is in use: choose another --listen-port, or none to have a free one',
  });
});

test('a machine without a free port says so', async () => {
  const full: PortSource = { isFree: async () => false, pick: (first) => first };
  await expect(chooseListenPort({ isCalled: false }, full)).rejects.toMatchObject({
    exit: 'failed',
    message: 'no UDP port from 61000 to 65535 is free: choose one with --listen-port',
  });
});

test('on this machine: one of its own that is not in use', async () => {
  const port = await chooseListenPort({ isCalled: false });
  expect(port).toBeGreaterThanOrEqual(OWN_PORTS.first);
  expect(port).toBeLessThanOrEqual(OWN_PORTS.last);
  const socket = createSocket('udp4').bind(port);
  await once(socket, 'listening');
  socket.close();
});
