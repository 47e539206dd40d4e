import { FrameReader } from './nats-frames.js';

const FRAMES = [
  'CONNECT {"verbose":false}\r\n',
  'PUB tombolo.reports.n.applied 5\r\nab\r\nc\r\n',
  'HPUB tombolo.events.x.Y _INBOX.1 12 17\r\nNATS/1.0\r\n\r\nhello\r\n',
  'MSG tombolo.live.n.full 3 0\r\n\r\n',
  'hmsg tombolo.x 3 _INBOX.2 12 12\r\nNATS/1.0\r\n\r\n\r\n',
  'PING\r\n',
  '-ERR some words of 12\r\n',
];
const SUBJECTS = ['tombolo.reports.n.applied', 'tombolo.events.x.Y', 'tombolo.live.n.full', 'tombolo.x'];

test.each([1, 2, 7, 10_000])('frames are the same in chunks of %i bytes', (size) => {
  const bytes = Buffer.from(FRAMES.join(''));
  const reader = new FrameReader();
  const read = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    reader.read(bytes.subarray(i * size, (i + 1) * size)),
  ).flat();
  expect(read.map((frame) => frame.bytes.toString())).toEqual(FRAMES);
  expect(read.flatMap(({ subject }) => subject ?? [])).toEqual(SUBJECTS);
});
