import { createHash, randomBytes } from 'node:crypto';

const PREFIX = 'tmbt_';
const FORMAT = /^tmbt_[A-Za-z0-9_-]{43}$/;

/** A new API token: 32 random bytes behind a prefix that secret scanners can find. */
export const newApiToken = () => PREFIX + randomBytes(32).toString('base64url');

/** The API token made of given 32 secret bytes. */
export const apiTokenOf = (secret: Uint8Array) => PREFIX + Buffer.from(secret).toString('base64url');

export const isApiToken = (text: string) => FORMAT.test(text);

/** SHA-256, hex: what is kept of a secret. Secrets hold 256 random bits, so no slow hash is needed. */
export const secretHash = (secret: string) => createHash('sha256').update(secret).digest('hex');

/** The credentials of `Authorization: Bearer …`; undefined when there are none. */
export function bearerOf(header: string | undefined): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(header?.trim() ?? '')?.[1];
}
