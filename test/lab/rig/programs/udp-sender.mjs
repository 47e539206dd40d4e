// udp-sender.mjs ADDRESS PORT RATE: numbered packets to an echo until standard input ends. Prints how many have come back,
// and at the end {sent, lost, longestGap} of all that were sent since the first that did.
import { createSocket } from 'node:dgram';
import { clearInterval, setInterval } from 'node:timers';

const [, , address, port, rate] = process.argv;
const answered = new Set();
/** When each was sent: timers come late on a busy machine. */
const sentAt = [];
let first = -1;
let next = 0;
let ending = false;

const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
socket.on('message', (packet) => {
  answered.add(packet.readUInt32BE(0));
  if (first < 0) first = packet.readUInt32BE(0);
  console.log(answered.size);
  if (ending && missing().length === 0) finish();
});

const timer = setInterval(() => {
  const packet = Buffer.alloc(64);
  sentAt.push(performance.now());
  packet.writeUInt32BE(next++);
  socket.send(packet, Number(port), address, () => undefined); // an unreachable path is a lost packet
}, 1000 / rate);

process.stdin.resume().on('end', () => {
  clearInterval(timer);
  ending = true;
  if (missing().length === 0) finish();
  else setTimeout(finish, 1000);
});

function missing() {
  return Array.from({ length: next - first }, (_, i) => first + i).filter((number) => !answered.has(number));
}

function finish() {
  const lost = missing();
  let began = 0;
  let longest = 0;
  lost.forEach((number, i) => {
    if (number !== lost[i - 1] + 1) began = sentAt[number];
    longest = Math.max(longest, (sentAt[number + 1] ?? sentAt[number]) - began);
  });
  console.log(JSON.stringify({ sent: next - first, lost: lost.length, longestGap: Math.round(longest) }));
  process.exit();
}
