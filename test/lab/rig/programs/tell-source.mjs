// tell-source.mjs PORT: answers every TCP connection, on any address, with the address it came from.
import { createServer } from 'node:net';

createServer((socket) => {
  socket.on('error', () => undefined);
  socket.end(String(socket.remoteAddress).replace(/^::ffff:/, ''));
}).listen(Number(process.argv[2]), '::', () => console.log('listening'));
