import { readDelegation } from './delegation.js';
import type { EnrolmentToken } from './enrolment.js';
import { Refusal } from './errors.js';
import { isId } from './names.js';

const PREFIX = 'tmb_';

/** The one string that an operator hands to a node. */
export function formatEnrolmentToken(token: EnrolmentToken): string {
  const bytes = new TextEncoder().encode(JSON.stringify(token));
  const base64 = btoa(String.fromCharCode(...bytes));
  return PREFIX + base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * Reads such a string; every part of it is checked.
 * @throws Refusal `invalid`, whose text never holds a part of the token
 */
export function parseEnrolmentToken(text: string): EnrolmentToken {
  const fields = decode(text.trim());
  const { v, url, pin, keyId, secret, lock, signing } = fields;
  if (v !== 1) throw refusal('is of another version: use the agent that came with the server');
  if (!isBaseUrl(url)) throw refusal('names no server');
  if (pin !== null && !isSha256(pin)) throw refusal('pins no certificate');
  if (!isId(keyId) || typeof secret !== 'string' || !/^[\x21-\x7e]{16,256}$/.test(secret))
    throw refusal('holds no key');
  if (lock !== undefined && !isSha256(lock)) throw refusal('pins no lock');
  return {
    ...{ v, url, pin, keyId, secret },
    ...(lock !== undefined && { lock }),
    ...(signing !== undefined && { signing: readSigning(signing, keyId) }),
  };
}

function readSigning(value: unknown, keyId: string): EnrolmentToken['signing'] {
  const { seed, delegation: given } = Object(value) as Record<string, unknown>;
  const delegation = readDelegation(given);
  if (typeof seed !== 'string' || !/^[A-Za-z0-9_-]{43}$/.test(seed) || delegation?.keyId !== keyId)
    throw refusal('is signed for another key');
  return { seed, delegation };
}

/** An address of the HTTP API without path, query or login. */
export function isBaseUrl(value: unknown): value is string {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, username, password, pathname, search, hash, hostname } = new URL(value);
  const bare = username === '' && password === '' && pathname === '/' && search === '' && hash === '';
  return bare && hostname !== '' && (protocol === 'https:' || protocol === 'http:');
}

function decode(text: string): Record<string, unknown> {
  if (!text.startsWith(PREFIX)) throw refusal(`does not begin with ${PREFIX}`);
  const body = text.slice(PREFIX.length);
  if (!/^[A-Za-z0-9_-]+$/.test(body)) throw refusal('was cut or changed');
  try {
    const bytes = Uint8Array.from(atob(body.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below, without quoting what may be a secret.
  }
  throw refusal('was cut or changed');
}

const isSha256 = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);

const refusal = (why: string) => new Refusal('invalid', `the enrolment token ${why}; copy it again, all of it`);
