import type { RefusalCode } from './errors.js';

/** Commands that other systems may send (docs/publishers.md); on the wire a CloudEvent of type `tombolo.<command>`. */
export const SOURCE_COMMANDS = [
  'node.offer',
  'node.labels',
  'node.disable',
  'node.enable',
  'node.retire',
  'cluster.report',
] as const;
export type SourceCommand = (typeof SOURCE_COMMANDS)[number];

export const SOURCE_TYPE_PREFIX = 'tombolo.';

/** A system outside that may send commands, and what it may. */
export interface SourceRecord {
  sourceId: string;
  /** Token of its subjects; never given a second time. */
  name: string;
  /** Public key of its own account at the broker (`A…`). */
  account: string;
  /** Ids of the networks it may act on and hear. */
  networks: string[];
  allow: SourceCommand[];
}

/** Besides what a rule refuses: no command at all, and a fault of ours. */
export type IngestCode = RefusalCode | 'malformed' | 'failed';

/** What every message on `tombolo.ingest.<source>` is answered on `tombolo.ingest-results.<source>`. */
export interface IngestResult {
  /** Of the CloudEvent; null where it could not be read. */
  id: string | null;
  /** `duplicate`: done before under this id; `events` and `answer` are those of then. */
  outcome: 'accepted' | 'rejected' | 'duplicate';
  code?: IngestCode;
  detail?: string;
  /** Versions of the facts it made; empty when everything was so already. */
  events?: number[];
  /** What the command tells besides; never a secret. */
  answer?: Record<string, unknown>;
}
