import nacl from 'tweetnacl';
import { createUserKey } from '#messaging/nkeys.js';
import { isWgKey } from '#wireguard/core/wg-key.js';

/** Made on this machine; the secret halves never leave it. Base64 but for the NATS key. */
export interface NodeKeys {
  /** WireGuard (X25519). */
  tunnel: { publicKey: string; privateKey: string };
  /** X25519: desired state is sealed for it. */
  control: { publicKey: string; privateKey: string };
  /** `U…` and `S…` */
  nats: { publicKey: string; seed: string };
}

export function makeNodeKeys(): NodeKeys {
  return { tunnel: x25519Pair(), control: x25519Pair(), nats: createUserKey() };
}

/** What a private key is the secret half of; undefined for a text that is no key. */
export function publicHalf(privateKey: string): string | undefined {
  if (!isWgKey(privateKey)) return undefined;
  return base64(nacl.box.keyPair.fromSecretKey(Buffer.from(privateKey, 'base64')).publicKey);
}

export function x25519Pair(): { publicKey: string; privateKey: string } {
  const secret = nacl.randomBytes(32);
  // As `wg genkey` does (RFC 7748 §5), so that it reads the same wherever it is shown.
  secret[0]! &= 248;
  secret[31]! = (secret[31]! & 127) | 64;
  const pair = nacl.box.keyPair.fromSecretKey(secret);
  return { publicKey: base64(pair.publicKey), privateKey: base64(pair.secretKey) };
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
