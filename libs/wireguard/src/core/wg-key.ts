/** A Curve25519 key as `wg` writes it: base64 of 32 bytes, not all zero (which means "no key"). */
export function isWgKey(value: unknown): value is string {
  return typeof value === 'string' && KEY.test(value) && value !== ZERO;
}

/** The last character before the padding carries four bits, so it is one of sixteen. */
const KEY = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
const ZERO = `${'A'.repeat(43)}=`;
