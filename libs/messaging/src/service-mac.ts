import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** Carries the proof in a message's headers. */
export const MAC_HEADER = 'Tombolo-Mac';

/** What a message is: a proof of one kind is none of another. */
export type ProvenKind = 'fact' | 'command' | 'answer';

export interface ProvenMessage {
  kind: ProvenKind;
  subject: string;
  /** What else the proof is bound to; without line breaks, as the subject is. */
  context?: string;
  body: Uint8Array | string;
}

/**
 * Proves to services that a message is a service's: HMAC-SHA256 under a key that all of them derive from the secret they
 * share, and that no broker has (docs/adr/0014-messages-between-services-are-proven.md).
 */
export class ServiceMac {
  readonly #key: Buffer;

  /** @param sealingKey the controller's X25519 private key, base64: every service reads it from `trust.json` */
  constructor(sealingKey: string) {
    const secret = Buffer.from(sealingKey, 'base64');
    this.#key = Buffer.from(hkdfSync('sha256', secret, '', 'tombolo messages between services v1', 32));
  }

  prove({ kind, subject, context = '', body }: ProvenMessage): string {
    return createHmac('sha256', this.#key).update(`${kind}\n${subject}\n${context}\n`).update(body).digest('base64url');
  }

  /** @param proof as the message carries it; undefined: it carries none */
  isProven(message: ProvenMessage, proof: string | undefined): boolean {
    return sameProof(this.prove(message), proof);
  }
}

/** Takes as long for a wrong proof as for a right one. */
export function sameProof(expected: string, found: string | undefined): boolean {
  if (found === undefined) return false;
  const [a, b] = [Buffer.from(expected), Buffer.from(found)];
  return a.length === b.length && timingSafeEqual(a, b);
}
