import { stripVTControlCharacters } from 'node:util';
import jsQR from 'jsqr';
import { drawQr } from './qr.js';

/** What a camera sees of the terminal: each character two pixels of the given size, one above the other. */
function photograph(drawn: string, size = 4) {
  const rows = drawn.split('\n').flatMap((line) => {
    const cells = [...stripVTControlCharacters(line)];
    return [cells.map((cell) => '█▀'.includes(cell)), cells.map((cell) => '█▄'.includes(cell))];
  });
  const width = rows[0]!.length * size;
  const height = rows.length * size;
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const dark = rows[Math.floor(y / size)]![Math.floor(x / size)]!;
      pixels.set(dark ? [0, 0, 0, 255] : [255, 255, 255, 255], (y * width + x) * 4);
    }
  return { pixels, width, height };
}

const config = `[Interface]
PrivateKey = QAKzVUuXrSo2E3c1vJGcY1C1fVrBTQKDqPBXoM5zV0w=
Address = 10.90.0.7/32, fd12:3456:789a::7/128
MTU = 1420

[Peer]
PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
AllowedIPs = 10.90.0.0/16, fd12:3456:789a::/64, 192.168.7.0/24
Endpoint = [2001:db8::1]:51820
PersistentKeepalive = 25
`;

test.each([
  ['a short text', 'a'],
  ['a configuration', config],
  ['a long one', config.repeat(4)],
])('another program reads %s from what is drawn', (_what, text) => {
  const { pixels, width, height } = photograph(drawQr(text)!);
  expect(jsQR.default(pixels, width, height, { inversionAttempts: 'dontInvert' })?.data).toBe(text);
});

test('a configuration fits a terminal of 80 columns, whose colours do not matter', () => {
  const lines = drawQr(config)!.split('\n');
  for (const line of lines) {
    expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(80);
    expect(line.startsWith('\x1b[38;5;16;48;5;231m')).toBe(true);
    expect(line.endsWith('\x1b[0m')).toBe(true);
  }
});

test('too much text is no QR code', () => {
  expect(drawQr('x'.repeat(3000))).toBeUndefined();
});
