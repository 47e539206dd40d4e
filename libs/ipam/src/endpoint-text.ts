import { Refusal } from '#contracts/errors.js';
import { canonicalAddress, quote } from './address.js';

/** As `wg` writes it: `1.2.3.4:51820`, `[fd00::1]:51820`. */
export const formatEndpoint = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/**
 * The address comes back in canonical form.
 * @throws Refusal `invalid` for anything but a literal address and a port from 1 to 65535
 */
export function parseEndpoint(text: string): { address: string; port: number } {
  const match = /^(?:\[([^\]]*:[^\]]*)\]|([^:]*)):([1-9]\d{0,4})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65535)
    throw new Refusal(
      'invalid',
      `${quote(text)} is not an endpoint: write ADDRESS:PORT or [ADDRESS]:PORT, port from 1 to 65535`,
    );
  return { address: canonicalAddress(match[1] ?? match[2] ?? ''), port };
}
