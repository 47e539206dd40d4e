import { afterEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { freePorts, startAtFreeRun } from './ports.js';

const place = { host: '127.0.0.1', count: 3, option: '--nats' };
const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

async function listen(port: number): Promise<void> {
  const server = createServer().listen(port, place.host);
  servers.push(server);
  await once(server, 'listening');
}

test('ports in a row are out of the way of outgoing connections', async () => {
  const first = await startAtFreeRun(place, async (port) => port);
  await Promise.all([0, 1, 2].map((n) => listen(first + n)));
  // net.ipv4.ip_local_port_range of Linux begins with 32768.
  expect(first + 2).toBeLessThan(32_768);
});

test('where somebody takes one of them meanwhile, it starts elsewhere', async () => {
  const tried: number[] = [];
  const start = async (port: number) => {
    tried.push(port);
    if (tried.length > 1) return port;
    await listen(port + 2);
    throw new Error('in use');
  };
  expect(await startAtFreeRun(place, start)).toBe(tried[1]);
});

test('what fails for another reason is not tried again', async () => {
  let tries = 0;
  const start = () => Promise.reject(new Error(`broken ${++tries}`));
  await expect(startAtFreeRun(place, start)).rejects.toThrow('broken 1');
});

test('no port is given twice, though nobody listens there yet', async () => {
  const first = await startAtFreeRun(place, async (port) => port);
  const others = await freePorts(3_000, '--replicas');
  expect(others.filter((port) => port >= first && port < first + place.count)).toEqual([]);
  const more = new Set(await freePorts(3_000, '--replicas'));
  expect(others.filter((port) => more.has(port))).toEqual([]);
});

test('a port that somebody named is not given to another', async () => {
  const [last] = await freePorts(1, '--replicas');
  const named = Array.from({ length: 100 }, (_, i) => last! + i);
  const others = await freePorts(10, '--replicas', named);
  expect(others.filter((port) => named.includes(port))).toEqual([]);
});
