import {
  addToDigest,
  digestOf,
  formatDigest,
  type MessageHead,
  type NodeMessage,
  removeFromDigest,
  type Resource,
  resourceHash,
} from '#contracts/node-stream.js';
import { foldMessage, type NodeSet } from '#contracts/node-fold.js';
import { createSealKeys, SealOpener } from '#messaging/node-seal.js';
import { ReportSigner } from '#messaging/report-proof.js';
import type { Verdict } from '#messaging/node-follower.js';
import type { NodeStreamWriter } from '#messaging/node-stream.js';
import { testNodeId } from './trusted-nats.js';

/** A peer as desired state holds it; another `port` makes another body. */
export function testPeer(n: number, port = 51820): Resource {
  return {
    name: `peer/${n}`,
    node: `node-${n}`,
    publicKey: Buffer.alloc(32, n % 256).toString('base64'),
    allowedIps: [`10.90.${Math.floor(n / 256) % 256}.${n % 256}/32`],
    endpoint: `192.0.2.1:${port}`,
  };
}

/** One node's desired state as a controller keeps and publishes it. */
export class DesiredState {
  readonly keys = createSealKeys();
  epoch = 1;
  revision = 0;
  /** Whether whoever publishes it still may. */
  isCurrent: boolean | Promise<boolean> = true;
  readonly #resources = new Map<string, Resource>();
  #digest = 0n;

  constructor(
    private readonly writer: NodeStreamWriter,
    readonly nodeId = testNodeId(),
  ) {}

  get digest(): string {
    return formatDigest(this.#digest);
  }

  opener(controllerKey: string): SealOpener {
    return new SealOpener(this.nodeId, { privateKey: this.keys.privateKey, controllerKey });
  }

  signer(controllerKey: string): ReportSigner {
    return new ReportSigner(this.nodeId, { privateKey: this.keys.privateKey, controllerKey }, Date.now());
  }

  /** Changes the state without telling anyone; the next revision says it. */
  change(upserts: Resource[], removed: string[] = []): { upserts: Resource[]; removed: string[] } {
    for (const name of [...removed, ...upserts.map((resource) => resource.name)]) {
      const old = this.#resources.get(name);
      if (old) this.#digest = removeFromDigest(this.#digest, resourceHash(old));
      this.#resources.delete(name);
    }
    for (const resource of upserts) {
      this.#resources.set(resource.name, resource);
      this.#digest = addToDigest(this.#digest, resourceHash(resource));
    }
    return { upserts, removed };
  }

  delta(upserts: Resource[], removed: string[] = []): Promise<void> {
    const body = this.change(upserts, removed);
    this.revision += 1;
    return this.publish('delta', body);
  }

  /** Says the whole state at the present revision. */
  full(): Promise<void> {
    this.revision = Math.max(1, this.revision);
    return this.publish('full', { resources: [...this.#resources.values()] });
  }

  publish(kind: MessageHead['kind'], body: unknown): Promise<void> {
    const { epoch, revision, digest } = this;
    return this.writer.publish({
      nodeId: this.nodeId,
      controlKey: this.keys.publicKey,
      head: { kind, epoch, revision, logVersion: revision, digest },
      body: Buffer.from(JSON.stringify(body)),
      isCurrent: () => this.isCurrent,
    });
  }
}

/** What an agent keeps: the folded set and the messages that led to it. */
export class HeldState {
  set: NodeSet | undefined;
  readonly folded: string[] = [];

  held = () => this.set;

  onMessage = (message: NodeMessage): Verdict => {
    const result = foldMessage(this.set, message);
    if (result.outcome === 'resync') return result.reason;
    if (result.outcome === 'folded') {
      this.set = result.set;
      this.folded.push(`${message.head.kind} ${message.head.epoch}.${message.head.revision}`);
    }
    return result.outcome;
  };

  get digest(): string {
    return formatDigest(this.set ? digestOf(this.set.resources.values()) : 0n);
  }
}
