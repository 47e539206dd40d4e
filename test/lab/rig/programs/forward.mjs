// forward.mjs SOCKET ADDRESS PORT: a Unix socket, which is a file and so can be reached from outside a host, that
// leads to a TCP port inside it.
import { connect, createServer } from 'node:net';

const [, , socket, address, port] = process.argv;
createServer((outside) => {
  const inside = connect(Number(port), address);
  outside.pipe(inside).pipe(outside);
  outside.on('error', () => inside.destroy());
  inside.on('error', () => outside.destroy());
}).listen(socket);
