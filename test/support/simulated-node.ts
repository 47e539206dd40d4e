import { randomUUID } from 'node:crypto';
import nacl from 'tweetnacl';
import { type EnrolResponse, proofText } from '#contracts/enrolment.js';
import type { Endpoint } from '#contracts/facts.js';
import { foldMessage, type NodeSet } from '#contracts/node-fold.js';
import { formatDigest } from '#contracts/node-stream.js';
import { type AgentConnection, type AgentReport, connectAgent } from '#messaging/agent-connection.js';
import { createUserKey, signText } from '#messaging/nkeys.js';
import { SealOpener } from '#messaging/node-seal.js';
import { ReportSigner } from '#messaging/report-proof.js';
import { noteSecret } from './note-secret.js';

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

/** The enrolment secret inside a token, as the API wants it. */
export function bearerOf(token: string): string {
  const { keyId, secret } = JSON.parse(Buffer.from(token.slice('tmb_'.length), 'base64url').toString()) as Record<
    string,
    string
  >;
  return `${keyId}.${secret}`;
}

/**
 * A connection of its own for each request: a test that waits for a program keeps its event loop waiting as well, does not hear that the
 * server closed one, and would send into it.
 */
const ALONE = { 'Content-Type': 'application/json', Connection: 'close' };

/** Where a node is. */
export interface NodePlace {
  /** Where it says it can be called. */
  endpoints?: Endpoint[];
  /** By which URLs it gets to the brokers that it was told of. */
  brokers?(urls: string[]): string[];
}

/** A node without a kernel: it makes its keys, enrols, follows its own stream with its own credentials, and folds. */
export class SimulatedNode {
  readonly #control = nacl.box.keyPair();
  readonly #user = createUserKey();
  readonly #publicKey = base64(nacl.box.keyPair().publicKey);
  readonly #idempotencyKey = randomUUID();
  #connection: AgentConnection | undefined;
  #enrolled: EnrolResponse | undefined;
  #signer: ReportSigner | undefined;
  id = '';
  set: NodeSet | undefined;
  /** How often its connection to the broker went away, and how often it could not follow on from what it held. */
  disconnections = 0;
  resyncs = 0;
  /** Whether its agent runs. */
  running = false;

  constructor(
    readonly name: string,
    private readonly place: NodePlace = {},
  ) {}

  /** One try. Repeating it is the same command. @throws Error with the server's answer, or that there was none */
  async enrol(url: string, bearer: string): Promise<void> {
    const answer = await fetch(`${url}/api/v1/enroll`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${bearer}`,
        ...ALONE,
        'Idempotency-Key': this.#idempotencyKey,
      },
      body: JSON.stringify({
        name: this.name,
        publicKey: this.#publicKey,
        controlKey: base64(this.#control.publicKey),
        natsKey: this.#user.publicKey,
        endpoints: this.place.endpoints,
      }),
    });
    if (!answer.ok) throw new Error(`enrolling ${this.name}: ${answer.status} ${await answer.text()}`);
    const enrolled = (await answer.json()) as EnrolResponse;
    // Asked again by somebody who did not hear the first answer.
    await this.#connection?.close();
    this.#follow(enrolled);
  }

  get digest(): string {
    return this.set ? formatDigest(this.set.digest) : '';
  }

  get peers(): number {
    return [...(this.set?.resources.keys() ?? [])].filter((name) => name.startsWith('peer/')).length;
  }

  /** Says what an agent says twice a second when its node is a member of these gateways. */
  probe(...gatewayIds: string[]): void {
    const gateways = gatewayIds.map((gatewayId) => ({ gatewayId, ok: true, detail: 'simulated' }));
    this.tell({ kind: 'probe', body: { gateways, handshakeAge: 1 } });
  }

  tell(report: AgentReport): void {
    this.#connection?.report(report);
  }

  /** Tells that it holds what it was told last. */
  tellApplied(): void {
    if (!this.set) return;
    const { epoch, revision, logVersion } = this.set;
    this.tell({ kind: 'applied', body: { epoch, revision, digest: this.digest, logVersion, tookMs: 1 } });
  }

  /** Offers a new WireGuard key with the node's proof, and answers it. @throws Error with the server's answer */
  async offerKey(url: string): Promise<string> {
    const publicKey = base64(nacl.box.keyPair().publicKey);
    const said = { action: 'rotate-key', at: new Date().toISOString(), publicKey } as const;
    const signature = signText(this.#user.seed, proofText(said, this.id));
    const answer = await fetch(`${url}/api/v1/nodes/${this.id}/public-key`, {
      method: 'POST',
      headers: ALONE,
      body: JSON.stringify({ ...said, signature }),
    });
    if (!answer.ok) throw new Error(`offering a key of ${this.name}: ${answer.status} ${await answer.text()}`);
    return publicKey;
  }

  /** Asks for another login with the node's proof. @returns the problem's status and detail, or 200 */
  async renewLogin(url: string): Promise<{ status: number; detail?: string }> {
    const said = { action: 'refresh', at: new Date().toISOString() } as const;
    const signature = signText(this.#user.seed, proofText(said, this.id));
    const answer = await fetch(`${url}/api/v1/nodes/${this.id}/credentials`, {
      method: 'POST',
      headers: ALONE,
      body: JSON.stringify({ ...said, signature }),
    });
    return { ...((await answer.json()) as { detail?: string }), status: answer.status };
  }

  /** Says what an agent says every 30 s. */
  beat(): void {
    if (!this.set) return;
    const { epoch, revision, logVersion } = this.set;
    const body = { agentVersion: '0.1.0', epoch, revision, digest: this.digest, logVersion, backend: 'none' as const };
    this.tell({ kind: 'heartbeat', body: { ...body, peers: this.peers, repairs: 0 } });
  }

  async close(): Promise<void> {
    this.running = false;
    await this.#connection?.close();
  }

  /** Its agent is no more, whatever was on its way. */
  kill(): void {
    this.running = false;
    this.#connection?.abandon();
  }

  /** Its agent starts again, after `close` or `kill`, with what it held, or without. */
  start({ lost = false } = {}): void {
    if (lost) this.set = undefined;
    if (this.#enrolled) this.#follow(this.#enrolled);
  }

  #follow(enrolled: EnrolResponse): void {
    const { nodeId, nats, controllerKey } = enrolled;
    this.#enrolled = enrolled;
    this.id = nodeId;
    this.running = true;
    const keys = { privateKey: base64(this.#control.secretKey), controllerKey };
    noteSecret(keys.privateKey);
    const signer = (this.#signer ??= new ReportSigner(nodeId, keys, Date.now()));
    this.#connection = connectAgent({
      urls: this.place.brokers?.(nats.urls) ?? nats.urls,
      signer,
      jwt: nats.jwt,
      nkeySeed: this.#user.seed,
      reconnect: { firstMs: 300, longestMs: 300 },
      onStatus: (status) => {
        if (status === 'disconnected') this.disconnections += 1;
      },
    });
    this.#connection.follow({
      opener: new SealOpener(nodeId, keys),
      held: () => this.set,
      onMessage: (message) => {
        const folded = foldMessage(this.set, message);
        if (folded.outcome === 'folded') this.set = folded.set;
        if (folded.outcome !== 'resync') return folded.outcome;
        this.resyncs += 1;
        return folded.reason;
      },
    });
  }
}
