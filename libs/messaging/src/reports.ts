import { REPORTS_PREFIX } from '#contracts/subjects.js';
import type { Logger } from '#event-store/core/logger.js';
import type { ServiceConnection } from './connection.js';
import { park } from './parking.js';
import { type NodeReport, readReport } from './report-guards.js';

export type { NodeReport } from './report-guards.js';

export interface ReportFeedOptions {
  connection: ServiceConnection;
  /** Under which reports that cannot be read are parked. */
  service: string;
  logger?: Logger;
}

/**
 * What agents tell, as it comes: every replica hears every report, and none is kept. A report that cannot be read is
 * counted, and parked with the reason.
 */
export class ReportFeed {
  readonly #listeners = new Set<(report: NodeReport) => void>();
  readonly #stop: () => void;
  #unreadable = 0;

  constructor(private readonly options: ReportFeedOptions) {
    const subscription = options.connection.nats.subscribe(`${REPORTS_PREFIX}.>`, {
      callback: (error, message) => {
        if (!error) this.#arrived(message.subject, message.data);
      },
    });
    this.#stop = () => subscription.unsubscribe();
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

  #arrived(subject: string, data: Uint8Array): void {
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
