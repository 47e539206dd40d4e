import type { AppliedReport, HeartbeatReport, RejectedReport, ResyncReport } from '#contracts/reports.js';
import { isId } from '#contracts/names.js';
import { REPORTS_PREFIX } from '#contracts/subjects.js';
import type { Logger } from '#event-store/core/logger.js';
import type { ServiceConnection } from './connection.js';
import { park } from './parking.js';

export type Report =
  | { nodeId: string; kind: 'applied'; body: AppliedReport }
  | { nodeId: string; kind: 'rejected'; body: RejectedReport }
  | { nodeId: string; kind: 'heartbeat'; body: HeartbeatReport }
  | { nodeId: string; kind: 'resync'; body: ResyncReport };

export interface ReportsOptions {
  /** Under which unreadable reports are parked. */
  service: string;
  onReport(report: Report): void;
  logger?: Logger;
}

/** A report is small; the broker lets a node send up to 64 KB. */
const MOST_BYTES = 16 * 1024;
const MOST_ERRORS = 32;
const MOST_TEXT = 512;

/** Hears what all agents tell; unreadable reports are parked. Returns a function that ends it. */
export function subscribeReports(
  connection: ServiceConnection,
  { service, onReport, logger }: ReportsOptions,
): () => void {
  const subscription = connection.nats.subscribe(`${REPORTS_PREFIX}.*.*`, {
    callback: (_error, message) => {
      const { subject } = message;
      try {
        if (message.data.length > MOST_BYTES) throw new Error(`a report has at most ${MOST_BYTES} bytes`);
        onReport(readReport(subject, message.string()));
      } catch (error) {
        const { message: reason } = error as Error;
        logger?.warn({ subject, reason }, 'report parked: unreadable');
        void park(connection, service, { subject, reason, message: message.string() });
      }
    },
  });
  return () => subscription.unsubscribe();
}

/**
 * The subject says who speaks: the broker lets a node publish under its own id only.
 * @throws Error that names what is wrong
 */
export function readReport(subject: string, text: string): Report {
  const [, , nodeId = '', kind = ''] = subject.split('.');
  if (!isId(nodeId)) throw new Error('the subject names no node');
  const fields = new Fields(JSON.parse(text));
  switch (kind) {
    case 'applied':
      return { nodeId, kind, body: { ...fields.position(), digest: fields.digest(), tookMs: fields.number('tookMs') } };
    case 'rejected':
      return { nodeId, kind, body: { ...fields.position(), held: fields.count('held'), errors: fields.errors() } };
    case 'heartbeat':
      return {
        nodeId,
        kind,
        body: {
          ...fields.position(),
          digest: fields.digest(),
          agentVersion: fields.text('agentVersion'),
          backend: fields.oneOf('backend', ['kernel', 'userspace', 'none']),
          peers: fields.count('peers'),
          repairs: fields.count('repairs'),
        },
      };
    case 'resync':
      return {
        nodeId,
        kind,
        body: {
          ...fields.position(),
          reason: fields.oneOf('reason', ['no_state', 'gap', 'digest_mismatch', 'unreadable']),
        },
      };
    default:
      throw new Error(`there is no report of kind ${kind.slice(0, 32)}`);
  }
}

class Fields {
  readonly #values: Record<string, unknown>;

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null) throw new Error('the report is not a JSON object');
    this.#values = value as Record<string, unknown>;
  }

  position() {
    return { epoch: this.count('epoch'), revision: this.count('revision') };
  }

  number(name: string): number {
    const value = this.#values[name];
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
      throw new Error(`${name} is not a number from 0`);
    return value;
  }

  count(name: string): number {
    const value = this.number(name);
    if (!Number.isSafeInteger(value)) throw new Error(`${name} is not a whole number`);
    return value;
  }

  text(name: string): string {
    const value = this.#values[name];
    if (typeof value !== 'string' || value.length > MOST_TEXT)
      throw new Error(`${name} is not a text of at most ${MOST_TEXT}`);
    return value;
  }

  digest(): string {
    const value = this.text('digest');
    if (!/^[0-9a-f]{32}$/.test(value)) throw new Error('digest is not 32 hexadecimal digits');
    return value;
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T {
    const value = choices.find((choice) => choice === this.#values[name]);
    if (value === undefined) throw new Error(`${name} is none of ${choices.join(', ')}`);
    return value;
  }

  errors(): RejectedReport['errors'] {
    const list = this.#values.errors;
    if (!Array.isArray(list)) throw new Error('errors is not a list');
    return list.slice(0, MOST_ERRORS).map((item: unknown) => {
      const fields = new Fields(item);
      return { resource: fields.text('resource'), message: fields.text('message') };
    });
  }
}
