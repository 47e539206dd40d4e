import { createHmac } from 'node:crypto';
import type { MsgHdrs } from '@nats-io/transport-node';
import { headersOf } from './acked-publisher.js';
import type { DistrustReason } from './distrust.js';
import { KeyAgreement } from './node-seal.js';
import { MAC_HEADER, sameProof } from './service-mac.js';

const PURPOSE = 'tombolo node reports v1';
/** `<session>.<number>.<proof>`; both numbers stay below 2^53. */
const PROOF = /^(\d{1,15})\.(\d{1,15})\.([\w-]{43})$/;

/** When a report was made, in its node's own count. */
interface Moment {
  /** Rises with every start of the agent. */
  session: number;
  /** Rises with every report of the session. */
  number: number;
}

/** Agent side: proves that a report is this node's and newer than those before it. */
export class ReportSigner {
  readonly #key: Buffer;
  #number = 0;

  constructor(
    readonly nodeId: string,
    /** Base64 of 32 bytes each: the node's own private key and the controller's public key. */
    keys: { privateKey: string; controllerKey: string },
    /** Above that of every signer that this node had before. */
    private readonly session: number,
  ) {
    this.#key = new KeyAgreement(keys.privateKey).keyFor(PURPOSE, nodeId, keys.controllerKey);
  }

  /** The headers of a report that is sent next. */
  headers(subject: string, body: string): MsgHdrs {
    const moment = { session: this.session, number: ++this.#number };
    const proof = proofOf(this.#key, subject, moment, body);
    return headersOf({ [MAC_HEADER]: `${moment.session}.${moment.number}.${proof}` });
  }
}

interface KnownNode {
  controlKey: string;
  key: Buffer;
  /** By kind of report: a report that is late tells nothing of the others. */
  newest: Map<string, Moment>;
}

/** Nodes come and go: those that went are looked for each time so many were added. */
const SWEEP_EVERY = 1_024;

/** Controller side: whose report it is, and whether it is new. */
export class ReportProofs {
  readonly #agreement: KeyAgreement;
  readonly #nodes = new Map<string, KnownNode>();

  constructor(
    /** The controller's X25519 private key, base64. */
    sealingKey: string,
    /** The node's X25519 public key, base64; undefined: there is no such node. */
    private readonly controlKeyOf: (nodeId: string) => string | undefined,
  ) {
    this.#agreement = new KeyAgreement(sealingKey);
  }

  /** @returns why it is not believed; undefined when it is. A report that is believed once is `repeated` from then on. */
  objection(subject: string, header: string | undefined, body: Uint8Array): DistrustReason | undefined {
    const [, , nodeId = '', kind = ''] = subject.split('.');
    const known = this.#known(nodeId);
    if (!known) return 'unknown';
    const match = PROOF.exec(header ?? '');
    if (!match) return 'forged';
    const moment = { session: Number(match[1]), number: Number(match[2]) };
    if (!sameProof(proofOf(known.key, subject, moment, body), match[3])) return 'forged';
    const newest = known.newest.get(kind);
    if (newest && !isAfter(moment, newest)) return 'repeated';
    known.newest.set(kind, moment);
    return undefined;
  }

  #known(nodeId: string): KnownNode | undefined {
    const controlKey = this.controlKeyOf(nodeId);
    if (controlKey === undefined) {
      this.#nodes.delete(nodeId);
      return undefined;
    }
    const cached = this.#nodes.get(nodeId);
    if (cached?.controlKey === controlKey) return cached;
    if (this.#nodes.size % SWEEP_EVERY === SWEEP_EVERY - 1) this.#sweep();
    const key = this.#agreement.keyFor(PURPOSE, nodeId, controlKey);
    const known = { controlKey, key, newest: new Map<string, Moment>() };
    this.#nodes.set(nodeId, known);
    return known;
  }

  #sweep(): void {
    for (const nodeId of this.#nodes.keys()) if (this.controlKeyOf(nodeId) === undefined) this.#nodes.delete(nodeId);
  }
}

const proofOf = (key: Buffer, subject: string, { session, number }: Moment, body: Uint8Array | string) =>
  createHmac('sha256', key).update(`${subject}\n${session}.${number}\n`).update(body).digest('base64url');

const isAfter = (one: Moment, other: Moment) =>
  one.session > other.session || (one.session === other.session && one.number > other.number);
