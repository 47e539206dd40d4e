import type { EnrolRequest } from '#contracts/enrolment.js';
import { createSealKeys } from '#messaging/node-seal.js';
import { createUserKey } from '#messaging/nkeys.js';

/** What a node sends to join, with keys of its own; nobody runs behind it. */
export function lightNode(name: string): EnrolRequest {
  return { name, publicKey: x25519(), controlKey: x25519(), natsKey: createUserKey().publicKey };
}

/** A WireGuard key is an X25519 key. */
const x25519 = () => createSealKeys().publicKey;
