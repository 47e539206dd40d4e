import type { EnrolRequest, NodeProof } from '#contracts/enrolment.js';
import { proofText } from '#contracts/enrolment.js';
import { createSealKeys } from '#messaging/node-seal.js';
import { createUserKey, signText } from '#messaging/nkeys.js';

/** A machine with keys of its own, as far as the registry sees it. */
export class TestNode {
  /** What it enrols with. */
  readonly request: EnrolRequest;
  /** Its end of the control key, base64. Secret. */
  readonly controlPrivateKey: string;
  /** Seed of its NATS user key. */
  readonly seed: string;

  constructor(name: string) {
    const user = createUserKey();
    const control = createSealKeys();
    this.request = { name, publicKey: newPublicKey(), controlKey: control.publicKey, natsKey: user.publicKey };
    this.controlPrivateKey = control.privateKey;
    this.seed = user.seed;
  }

  proof(action: NodeProof['action'], nodeId: string, at: Date, publicKey?: string): NodeProof {
    const said = { action, at: at.toISOString(), ...(publicKey !== undefined && { publicKey }) };
    return { ...said, signature: signText(this.seed, proofText(said, nodeId)) };
  }
}

export const newPublicKey = (): string => createSealKeys().publicKey;
