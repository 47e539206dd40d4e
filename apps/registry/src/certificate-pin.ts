import { X509Certificate } from 'node:crypto';

/**
 * What nodes pin: SHA-256, hex, of the authority's certificate, or of the server's where the authority is not ours.
 * @param authority PEM @param server PEM; null: plain HTTP, nothing to pin
 */
export function certificatePin(authority: string | null, server: string | null): string | null {
  if (server === null) return null;
  return new X509Certificate(authority ?? server).fingerprint256.replaceAll(':', '').toLowerCase();
}
