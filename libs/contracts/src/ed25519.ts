import { utf8ToBytes } from '@noble/hashes/utils.js';
import nacl from 'tweetnacl';

/** Ed25519 (RFC 8032): base64 of the 32 bytes of a public key, and of the 64 bytes of a signature. */
export interface Signer {
  publicKey: string;
  /** @returns the signature over the UTF-8 bytes of a text */
  sign(text: string): string;
}

/** Says whether the owner of a public key signed a text. */
export type VerifyText = (text: string, signature: string, publicKey: string) => boolean;

/** @param seed 32 random bytes, the secret half */
export function signerOf(seed: Uint8Array): Signer {
  const { publicKey, secretKey } = nacl.sign.keyPair.fromSeed(seed);
  return {
    publicKey: toBase64(publicKey),
    sign: (text) => toBase64(nacl.sign.detached(utf8ToBytes(text), secretKey)),
  };
}

export const verifyText: VerifyText = (text, signature, publicKey) =>
  isSignature(signature) &&
  isSigningKey(publicKey) &&
  nacl.sign.detached.verify(utf8ToBytes(text), fromBase64(signature), fromBase64(publicKey));

/** The last digit before the padding carries fewer than six bits of the value; the rest of it is zero. */
export const isSigningKey = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(value);
export const isSignature = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9+/]{85}[AQgw]==$/.test(value);

const toBase64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));
const fromBase64 = (text: string) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
