import type { FieldError } from '#contracts/errors.js';

/** WireGuard and X25519 public keys: base64 of exactly 32 bytes, as `wg pubkey` prints it, not all zero. */
export function publicKeyErrors(field: string, key: unknown): FieldError[] {
  if (typeof key !== 'string' || !BASE64_32.test(key))
    return [{ field, message: 'must be a public key: base64 of exactly 32 bytes (44 characters)' }];
  return key === ZERO ? [{ field, message: 'must not be all zero' }] : [];
}

/** Public half of a NATS user key: `U`, base32 of 32 bytes, CRC-16 (the text that nkeys writes). */
export function natsKeyErrors(field: string, key: unknown): FieldError[] {
  const fine = typeof key === 'string' && /^U[A-Z2-7]{55}$/.test(key) && checksumHolds(base32(key));
  return fine ? [] : [{ field, message: 'must be the public key of a NATS user (U…, 56 characters)' }];
}

/** The last of 43 digits carries four bits of the key; its two low bits are zero. */
const BASE64_32 = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
const ZERO = `${'A'.repeat(43)}=`;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function base32(text: string): number[] {
  const bytes: number[] = [];
  let buffer = 0;
  let bits = 0;
  for (const digit of text) {
    buffer = ((buffer << 5) | ALPHABET.indexOf(digit)) & 0xfff;
    bits += 5;
    if (bits >= 8) bytes.push((buffer >> (bits -= 8)) & 0xff);
  }
  return bytes;
}

/** CRC-16/XMODEM over kind and key, little-endian in the last two bytes. */
function checksumHolds(bytes: number[]): boolean {
  let crc = 0;
  for (const byte of bytes.slice(0, -2)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc === bytes.at(-2)! + (bytes.at(-1)! << 8);
}
