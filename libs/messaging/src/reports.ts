import { REPORTS_PREFIX } from '#contracts/subjects.js';
import type { Msg } from '@nats-io/transport-node';
import type { Logger } from '#event-store/core/logger.js';
import type { ServiceConnection } from './connection.js';
import { park } from './parking.js';
import { type NodeReport, readReport } from './report-guards.js';
import { ReportProofs } from './report-proof.js';
import { MAC_HEADER } from './service-mac.js';

export type { NodeReport } from './report-guards.js';

/** Which nodes there are, as far as this replica knows. */
export interface KnownNodes {
  /** The node's X25519 public key, base64; undefined: there is no such node. */
  controlKeyOf(nodeId: string): string | undefined;
  /** Called when there may be more of them. Returns a function that ends it. */
  onAdded(listener: () => void): () => void;
}

export interface ReportFeedOptions {
  connection: ServiceConnection;
  /** The controller's X25519 private key, base64. */
  sealingKey: string;
  nodes: KnownNodes;
  /** Under which reports that cannot be read are parked. */
  service: string;
  logger?: Logger;
}

/** A node may be heard before the fact that it joined: so many reports of nodes that are not known wait for that. */
const MOST_EARLY = 256;
const LONGEST_EARLY = 64 * 1024;

/**
 * What agents tell, as it comes: every replica hears every report, and none is kept. What its node did not prove, or said
 * before, is counted and goes no further. A report that cannot be read is counted, and parked with the reason.
 */
export class ReportFeed {
  readonly #listeners = new Set<(report: NodeReport) => void>();
  readonly #proofs: ReportProofs;
  readonly #stop: () => void;
  #early: Msg[] = [];
  #unreadable = 0;

  constructor(private readonly options: ReportFeedOptions) {
    const { connection, sealingKey, nodes } = options;
    this.#proofs = new ReportProofs(sealingKey, (nodeId) => nodes.controlKeyOf(nodeId));
    const subscription = connection.nats.subscribe(`${REPORTS_PREFIX}.>`, {
      callback: (error, message) => {
        if (!error) this.#arrived(message);
      },
    });
    const offAdded = nodes.onAdded(() => {
      for (const message of this.#early.splice(0)) this.#arrived(message);
    });
    this.#stop = () => {
      subscription.unsubscribe();
      offAdded();
    };
  }

  get unreadable(): number {
    return this.#unreadable;
  }

  /** Returns a function that ends it. What a listener throws is logged, and the others still hear. */
  onReport(listener: (report: NodeReport) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stop(): void {
    this.#stop();
    this.#listeners.clear();
  }

  #arrived(message: Msg): void {
    const { subject, data } = message;
    const objection = this.#proofs.objection(subject, message.headers?.get(MAC_HEADER), data);
    if (objection === 'unknown') this.#wait(message);
    else if (objection) this.options.connection.distrust.note('report', objection, subject, this.options.logger);
    else this.#tell(subject, data);
  }

  #wait(message: Msg): void {
    if (message.data.length <= LONGEST_EARLY) this.#early.push(message);
    else this.options.connection.distrust.note('report', 'unknown', message.subject);
    const dropped = this.#early.length > MOST_EARLY ? this.#early.shift() : undefined;
    if (dropped) this.options.connection.distrust.note('report', 'unknown', dropped.subject);
  }

  #tell(subject: string, data: Uint8Array): void {
    let report: NodeReport;
    try {
      report = readReport(subject, data);
    } catch (error) {
      this.#unreadable += 1;
      const { connection, service } = this.options;
      const reason = (error as Error).message;
      void park(connection, service, { subject, reason, message: Buffer.from(data).toString() });
      return;
    }
    for (const listener of this.#listeners) {
      try {
        listener(report);
      } catch (error) {
        this.options.logger?.warn({ subject, err: error }, 'report not handled');
      }
    }
  }
}
