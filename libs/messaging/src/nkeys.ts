import { createPrivateKey, sign as signNative, type KeyObject } from 'node:crypto';
import { createUser, fromPublic, fromSeed, type KeyPair } from '@nats-io/nkeys';

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
  if (typeof value !== 'string' || !/^U[A-Z2-7]{55}$/.test(value)) return false;
  try {
    fromPublic(value);
    return true;
  } catch {
    return false;
  }
}

/** @returns base64 of the Ed25519 signature over the text's UTF-8 bytes */
export function signText(seed: string, text: string): string {
  return Buffer.from(nativeSigner(seed).sign(Buffer.from(text))).toString('base64');
}

/** @param signature base64 of 64 bytes */
export function verifyText(publicKey: string, text: string, signature: string): boolean {
  const bytes = Buffer.from(signature, 'base64');
  if (bytes.length !== 64 || !isUserKey(publicKey)) return false;
  return fromPublic(publicKey).verify(Buffer.from(text), bytes);
}

export function nkeyPair(pair: KeyPair): NkeyPair {
  return { publicKey: pair.getPublicKey(), seed: Buffer.from(pair.getSeed()).toString() };
}

/**
 * A key pair that signs with OpenSSL. The library signs in JavaScript, which takes milliseconds: too slow to mint a
 * thousand logins a second, or to log ten thousand agents in.
 */
export function nativeSigner(seed: string): KeyPair {
  const pair = fromSeed(Buffer.from(seed));
  const publicKey = pair.getPublicKey();
  const privateKey = pair.getPrivateKey();
  const key = ed25519FromSeed((pair as KeyPair & { getRawSeed(): Uint8Array }).getRawSeed());
  return {
    getPublicKey: () => publicKey,
    getPrivateKey: () => privateKey,
    getSeed: () => pair.getSeed(),
    sign: (input) => signNative(null, input, key),
    verify: (input, signature) => pair.verify(input, signature),
    clear: () => pair.clear(),
    seal: (input, recipient, nonce) => pair.seal(input, recipient, nonce),
    open: (message, sender) => pair.open(message, sender),
  };
}

/** RFC 8410 §7: the PKCS#8 frame of a raw Ed25519 seed. */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

function ed25519FromSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' });
}
