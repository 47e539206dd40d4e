import { createHmac } from 'node:crypto';

/**
 * The secret that a command makes: HMAC-SHA256 of the master key over what it is for and the command's id. So it is never
 * stored and a repeated command still gets the same one.
 */
export function derivedSecret(
  masterKey: Uint8Array,
  purpose: 'enrolment-key' | 'api-token' | 'source',
  commandId: string,
): Buffer {
  return createHmac('sha256', masterKey).update(`${purpose}:${commandId}`).digest();
}
