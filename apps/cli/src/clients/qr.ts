import encodeQR from 'qr';

const BLACK_ON_WHITE = '\x1b[38;5;16;48;5;231m';
const PLAIN = '\x1b[0m';
/** Modules of white around it that a reader needs (ISO/IEC 18004, 5.3.8). */
const QUIET = 4;

/**
 * A QR code for the terminal, two rows of modules per line of text, in colours of its own so that it can be read on dark
 * and on light ground.
 * @returns undefined for a text too long for a QR code
 */
export function drawQr(text: string): string | undefined {
  const matrix = modules(text);
  if (!matrix) return undefined;
  const lines: string[] = [];
  for (let y = 0; y < matrix.length; y += 2) {
    const below = matrix[y + 1];
    const cells = matrix[y]!.map((dark, x) => cell(dark, below?.[x] ?? false));
    lines.push(`${BLACK_ON_WHITE}${cells.join('')}${PLAIN}`);
  }
  return lines.join('\n');
}

function modules(text: string): boolean[][] | undefined {
  try {
    return encodeQR(text, 'raw', { ecc: 'low', border: QUIET });
  } catch {
    return undefined;
  }
}

function cell(upper: boolean, lower: boolean): string {
  if (upper) return lower ? '█' : '▀';
  return lower ? '▄' : ' ';
}
