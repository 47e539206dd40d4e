import { connect } from 'node:net';

/** Discard (RFC 863): hardly anybody serves it, and whoever does may. */
const PORT = 9;
const TIMEOUT_MS = 2_000;

/**
 * Milliseconds to a peer and back: its kernel refuses a TCP connection to a port that nobody serves. Needs no program on the
 * other side, no rights, no process. Null where nothing comes back, as from behind a firewall that drops.
 */
export function roundTrip(address: string): Promise<number | null> {
  return new Promise((resolve) => {
    const began = performance.now();
    const socket = connect({ host: address, port: PORT });
    const done = (answered: boolean) => {
      socket.destroy();
      resolve(answered ? Math.round((performance.now() - began) * 10) / 10 : null);
    };
    socket.setTimeout(TIMEOUT_MS, () => done(false));
    socket.once('connect', () => done(true));
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code === 'ECONNREFUSED'));
  });
}
