import { canonicalJson } from './canonical.js';
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
  /** Ed25519, base64: its commands count only with a signature by this key. Absent: its account at the broker is what proves them. */
  publicKey?: string;
}

/** What a source signs of a command. */
export interface SignedCommand {
  id: string;
  /** Attribute of the CloudEvent; not the name of the source. */
  source: string;
  type: string;
  /** RFC 3339, as it is in the event. */
  time: string;
  data: Record<string, unknown>;
}

/** Extension attribute of the CloudEvent: Ed25519 over `commandText`, base64. */
export const COMMAND_SIGNATURE = 'tombolosig';

/** How long a signed command may be under way: whoever has the broker can keep it so long, and no longer. */
export const COMMAND_LASTS_MS = 3_600_000;
/** How far the clock of a source may be ahead. */
export const COMMAND_AHEAD_MS = 300_000;

/** @param name of the source: what one signed is not taken from another */
export const commandText = (name: string, { id, source, type, time, data }: SignedCommand): string =>
  `tombolo command 1\n${canonicalJson({ name, id, source, type, time, data })}`;

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
