import { createSocket, type Socket, type SocketType } from 'node:dgram';
import { once } from 'node:events';
import { kernelHasIpv6 } from '#wireguard/linux/linux-host.js';
import { AgentFailure } from '../failure.js';

export const DEFAULT_PORT = 51820;

/**
 * A UDP port that nobody uses: the one that was asked for, else the usual one, else any.
 * @throws AgentFailure when the one asked for is taken
 */
export async function chooseListenPort(asked: number | undefined): Promise<number> {
  const wanted = asked ?? DEFAULT_PORT;
  if (await isFree(wanted)) return wanted;
  if (asked !== undefined)
    throw new AgentFailure(
      'failed',
      `UDP port ${asked} is in use: choose another --listen-port, or none to have a free one`,
    );
  const { port } = await bound('udp4', 0).then(release);
  return port;
}

async function isFree(port: number): Promise<boolean> {
  for (const type of kernelHasIpv6() ? (['udp4', 'udp6'] as const) : (['udp4'] as const)) {
    try {
      await bound(type, port).then(release);
    } catch {
      return false;
    }
  }
  return true;
}

async function bound(type: SocketType, port: number): Promise<Socket> {
  const socket = createSocket({ type, ipv6Only: type === 'udp6' });
  socket.bind(port);
  await once(socket, 'listening');
  return socket;
}

async function release(socket: Socket): Promise<{ port: number }> {
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return { port };
}
