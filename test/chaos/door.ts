import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { endTogether } from '../support/end-together.js';

/** A port of the control plane's loopback as a Unix socket: a file, which machines in network namespaces of their own can open. */
export interface Door {
  port: number;
  path: string;
}

/** Opens a door that carries what comes as it comes. @returns what closes it */
export async function openDoor({ port, path }: Door): Promise<() => void> {
  const server: Server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    near.pipe(far).pipe(near);
    endTogether(near, far);
  }).listen(path);
  await once(server, 'listening');
  return () => server.close();
}
