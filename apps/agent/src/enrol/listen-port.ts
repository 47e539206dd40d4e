import { randomInt } from 'node:crypto';
import { createSocket, type Socket, type SocketType } from 'node:dgram';
import { once } from 'node:events';
import { kernelHasIpv6 } from '#wireguard/linux/linux-host.js';
import { AgentFailure } from '../failure.js';

/** Where a node listens that others call from outside, unless it is told otherwise: the port that firewalls let in. */
export const DEFAULT_PORT = 51820;
/** Where one listens that only a router shows: above the ports that Linux gives to programs by itself (32768 to 60999). */
export const OWN_PORTS = { first: 61_000, last: 65_535 } as const;

const ATTEMPTS = 50;

export interface PortWish {
  /** What the operator asked for. */
  asked?: number | undefined;
  /** It offers an endpoint that anybody may call. */
  isCalled: boolean;
}

/** This machine's UDP ports. */
export interface PortSource {
  isFree(port: number): Promise<boolean>;
  /** Any from `first` to `last`. */
  pick(first: number, last: number): number;
}

const MACHINE: PortSource = { isFree, pick: (first, last) => randomInt(first, last + 1) };

/**
 * A UDP port that nobody uses: the one that was asked for; else the usual one, if others call it; else one of its own, at random.
 * Two machines on the usual one behind one router spoil each other's way out: it shows the second at another port wherever
 * the first has been, and at its own elsewhere (docs/paths.md).
 * @throws AgentFailure when the one asked for is taken, or all are
 */
export async function chooseListenPort({ asked, isCalled }: PortWish, ports: PortSource = MACHINE): Promise<number> {
  if (asked !== undefined) {
    if (await ports.isFree(asked)) return asked;
    throw new AgentFailure(
      'failed',
      `UDP port ${asked} is in use: choose another --listen-port, or none to have a free one`,
    );
  }
  if (isCalled && (await ports.isFree(DEFAULT_PORT))) return DEFAULT_PORT;
  const { first, last } = OWN_PORTS;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const port = ports.pick(first, last);
    if (await ports.isFree(port)) return port;
  }
  throw new AgentFailure('failed', `no UDP port from ${first} to ${last} is free: choose one with --listen-port`);
}

async function isFree(port: number): Promise<boolean> {
  for (const type of kernelHasIpv6() ? (['udp4', 'udp6'] as const) : (['udp4'] as const)) {
    try {
      await bind(type, port);
    } catch {
      return false;
    }
  }
  return true;
}

/** @throws Error when the port is taken */
async function bind(type: SocketType, port: number): Promise<void> {
  const socket: Socket = createSocket({ type, ipv6Only: type === 'udp6' });
  socket.bind(port);
  await once(socket, 'listening');
  socket.close();
  await once(socket, 'close');
}
