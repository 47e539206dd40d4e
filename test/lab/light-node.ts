import { generateKeyPairSync } from 'node:crypto';
import type { EnrolRequest } from '#contracts/enrolment.js';
import { createUserKey } from '#messaging/nkeys.js';

/** What a node sends to join, with keys of its own; nobody runs behind it. */
export function lightNode(name: string): EnrolRequest {
  return { name, publicKey: x25519(), controlKey: x25519(), natsKey: createUserKey().publicKey };
}

/** base64 of the public half: a WireGuard key is an X25519 key. */
function x25519(): string {
  const { x = '' } = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' });
  return Buffer.from(x, 'base64url').toString('base64');
}
