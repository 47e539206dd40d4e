import { generateKeyPairSync } from 'node:crypto';
import type { EnrolRequest, NodeProof } from '#contracts/enrolment.js';
import { proofText } from '#contracts/enrolment.js';
import { createUserKey, signText } from '#messaging/nkeys.js';

/** A machine with keys of its own, as far as the registry sees it. */
export class TestNode {
  /** What it enrols with. */
  readonly request: EnrolRequest;
  /** Seed of its NATS user key. */
  readonly seed: string;

  constructor(name: string) {
    const user = createUserKey();
    this.request = { name, publicKey: newPublicKey(), controlKey: newPublicKey(), natsKey: user.publicKey };
    this.seed = user.seed;
  }

  proof(action: NodeProof['action'], nodeId: string, at: Date, publicKey?: string): NodeProof {
    const said = { action, at: at.toISOString(), ...(publicKey !== undefined && { publicKey }) };
    return { ...said, signature: signText(this.seed, proofText(said, nodeId)) };
  }
}

export function newPublicKey(): string {
  const { x = '' } = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' });
  return Buffer.from(x, 'base64url').toString('base64');
}
