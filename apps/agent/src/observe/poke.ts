import { createSocket } from 'node:dgram';

/** Discard (RFC 863): whoever gets it does nothing, or says that nobody listens. */
const PORT = 9;

/** Sends one empty datagram to each address: a peer learns from it where this node is now. Nothing is waited for, failures are silence. */
export function poke(addresses: readonly string[]): void {
  for (const family of ['udp4', 'udp6'] as const) {
    const some = addresses.filter((address) => address.includes(':') === (family === 'udp6'));
    if (some.length === 0) continue;
    const socket = createSocket(family).on('error', () => socket.close());
    let under = some.length;
    for (const address of some) socket.send('', PORT, address, () => --under === 0 && socket.close());
  }
}
