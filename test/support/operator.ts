import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { Signer } from '#contracts/ed25519.js';
import { disablementOf, type LockEntry } from '#contracts/membership-lock.js';
import { signLock } from '#contracts/sign-membership.js';

/** A signing key for every number. By Node: tweetnacl takes a tenth of a second for each signature under Jest. */
export function operator(n: number): Signer {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, n)]);
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return {
    publicKey: der.subarray(-32).toString('base64'),
    sign: (text) => sign(null, Buffer.from(text), privateKey).toString('base64'),
  };
}

/** Takes off the locks that `lockBy` puts on. */
export const unlockSecret = 's'.repeat(43);

/** The first entry of a network's lock. */
export const lockBy = (key: Signer, networkId: string, ranges = ['10.90.0.0/16']): LockEntry =>
  signLock(
    {
      networkId,
      serial: 1,
      previous: null,
      ranges,
      keys: [key.publicKey],
      disablement: disablementOf(unlockSecret),
    },
    key,
  );
