// udp-echo.mjs ADDRESS PORT: sends every packet back.
import { createSocket } from 'node:dgram';

const [, , address, port] = process.argv;
const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
socket.on('message', (packet, from) => socket.send(packet, from.port, from.address, () => undefined));
socket.bind(Number(port), address);
