// lead-out.mjs PORT=SOCKET …: TCP ports on this host's loopback that lead to Unix sockets, which are files and so can be served
// from outside. Prints `open` when all of them take connections.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

for (const [port, socket] of process.argv.slice(2).map((word) => word.split('='))) {
  const server = createServer((inside) => {
    const outside = connect(socket);
    inside.pipe(outside).pipe(inside);
    inside.on('error', () => outside.destroy());
    outside.on('error', () => inside.destroy());
    inside.once('close', () => outside.destroy());
    outside.once('close', () => inside.destroy());
  });
  await once(server.listen(Number(port), '127.0.0.1'), 'listening');
}
console.log('open');
