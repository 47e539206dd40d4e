import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { createUser, fromSeed, type KeyPair, Prefix } from '@nats-io/nkeys';
import { Codec } from '@nats-io/nkeys/lib/codec.js';

/** A key pair in the broker's notation (nkeys). */
export interface NkeyPair {
  /** `U…`, `A…` or `O…` */
  publicKey: string;
  /** `S…`; secret. */
  seed: string;
}

/** Makes a user key on this machine; the seed never leaves it. */
export function createUserKey(): NkeyPair {
  return nkeyPair(createUser());
}

/** Whether a text is the public half of a user key, checksum included. */
export function isUserKey(value: unknown): value is string {
  return typeof value === 'string' && rawUserKey(value) !== undefined;
}

/** @returns the public half of a user key; undefined for a text that is no seed of one */
export function publicUserKey(seed: string): string | undefined {
  try {
    const publicKey = nativeSigner(seed).getPublicKey();
    return isUserKey(publicKey) ? publicKey : undefined;
  } catch {
    return undefined;
  }
}

/** @returns base64 of the Ed25519 signature over the text's UTF-8 bytes */
export function signText(seed: string, text: string): string {
  return Buffer.from(nativeSigner(seed).sign(Buffer.from(text))).toString('base64');
}

/** @param signature base64 of 64 bytes */
export function verifyText(publicKey: string, text: string, signature: string): boolean {
  const raw = rawUserKey(publicKey);
  const bytes = Buffer.from(signature, 'base64');
  if (!raw || bytes.length !== 64) return false;
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(raw).toString('base64url') };
  return verify(null, Buffer.from(text), createPublicKey({ key: jwk, format: 'jwk' }), bytes);
}

export function nkeyPair(pair: KeyPair): NkeyPair {
  const seed = Buffer.from(pair.getSeed()).toString();
  return { publicKey: nativeSigner(seed).getPublicKey(), seed };
}

/**
 * A key pair that signs with OpenSSL. The library works in JavaScript, and every step with a key takes it milliseconds:
 * too slow to mint a thousand logins a second, or to log a thousand agents in from one process.
 */
export function nativeSigner(seed: string): KeyPair {
  const pair = fromSeed(Buffer.from(seed));
  const { prefix, buf } = Codec.decodeSeed(Buffer.from(seed));
  const key = ed25519FromSeed(buf);
  const rawPublic = rawPublicKey(key);
  const publicKey = Buffer.from(Codec.encode(prefix, rawPublic)).toString();
  const privateKey = Codec.encode(Prefix.Private, Buffer.concat([buf, rawPublic]));
  return {
    getPublicKey: () => publicKey,
    getPrivateKey: () => privateKey,
    getSeed: () => pair.getSeed(),
    sign: (input) => sign(null, input, key),
    verify: (input, signature) => pair.verify(input, signature),
    clear: () => pair.clear(),
    seal: (input, recipient, nonce) => pair.seal(input, recipient, nonce),
    open: (message, sender) => pair.open(message, sender),
  };
}

function rawUserKey(text: string): Uint8Array | undefined {
  if (!/^U[A-Z2-7]{55}$/.test(text)) return undefined;
  try {
    return Codec.decode(Prefix.User, Buffer.from(text));
  } catch {
    return undefined;
  }
}

/** RFC 8410 §7: the PKCS#8 frame of a raw Ed25519 seed. */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

function ed25519FromSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' });
}

const rawPublicKey = (key: KeyObject) =>
  Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x ?? '', 'base64url');
