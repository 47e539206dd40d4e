// udp-peer.mjs PORT: a UDP socket by hand. Lines "ADDRESS PORT TEXT" on standard input are sent; what comes is printed as
// "ADDRESS:PORT TEXT". Who asks "who?" is told where it is seen.
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';

const socket = createSocket('udp4');
socket.on('message', (packet, { address, port }) => {
  const text = packet.toString();
  console.log(`${address}:${port} ${text}`);
  if (text === 'who?') socket.send(`seen ${address}:${port}`, port, address, () => undefined);
});
socket.bind(Number(process.argv[2]), () => console.log('ready'));
createInterface(process.stdin).on('line', (line) => {
  const [address, port, text] = line.split(' ');
  socket.send(text, Number(port), address, () => undefined);
});
process.stdin.on('end', () => process.exit());
