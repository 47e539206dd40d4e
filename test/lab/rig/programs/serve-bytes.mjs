// serve-bytes.mjs PORT BYTES: sends so many bytes, always the same, to everybody who connects, and prints their SHA-256.
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

const [, , port, bytes] = process.argv;
const content = Buffer.alloc(Number(bytes)).map((_, at) => (at * 31 + (at >> 8)) & 255);
createServer((socket) => {
  socket.on('error', () => undefined);
  socket.end(content);
}).listen(Number(port), '::', () => console.log(createHash('sha256').update(content).digest('hex')));
