import nacl from 'tweetnacl';
import type { EnrolRequest, NodeProof } from '#contracts/enrolment.js';
import { proofText } from '#contracts/enrolment.js';
import { createUserKey, signText } from '#messaging/nkeys.js';

/** A machine with keys of its own, as far as the registry sees it. */
export class TestNode {
  readonly #user = createUserKey();
  readonly request: EnrolRequest;

  constructor(name: string) {
    const publicKey = () => Buffer.from(nacl.box.keyPair().publicKey).toString('base64');
    this.request = { name, publicKey: publicKey(), controlKey: publicKey(), natsKey: this.#user.publicKey };
  }

  proof(action: NodeProof['action'], nodeId: string, at: Date): NodeProof {
    const time = at.toISOString();
    return { action, at: time, signature: signText(this.#user.seed, proofText(action, nodeId, time)) };
  }
}
