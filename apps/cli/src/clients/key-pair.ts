import { InvalidArgumentError } from 'commander';
import nacl from 'tweetnacl';
import { publicKeyErrors } from '#topology/public-keys.js';

/** X25519, base64 of 32 bytes each, as `wg genkey` and `wg pubkey` print them. */
export interface KeyPair {
  privateKey: string;
  publicKey: string;
}

export function newKeyPair(): KeyPair {
  return textOf(nacl.box.keyPair());
}

/** @returns undefined for anything but a private key as `wg genkey` prints it */
export function keyPairOf(privateKey: string): KeyPair | undefined {
  const secret = Buffer.from(privateKey, 'base64');
  if (secret.length !== nacl.box.secretKeyLength || secret.toString('base64') !== privateKey) return undefined;
  return textOf(nacl.box.keyPair.fromSecretKey(secret));
}

/** Argument of `--public-key`. */
export function publicKey(value: string): string {
  if (publicKeyErrors('', value).length > 0)
    throw new InvalidArgumentError('give a WireGuard public key, as `wg pubkey` prints it (44 characters)');
  return value;
}

const textOf = ({ secretKey, publicKey: shared }: nacl.BoxKeyPair): KeyPair => ({
  privateKey: Buffer.from(secretKey).toString('base64'),
  publicKey: Buffer.from(shared).toString('base64'),
});
