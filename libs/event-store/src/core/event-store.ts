import type { AnyFact, NewFact, RecordedFact } from '#contracts/facts.js';

/** One stream's share of an append. */
export interface StreamAppend {
  /** `system` or a network's id. */
  stream: string;
  /** The version the writer folded to; 0 for a stream that must not exist. */
  expectedVersion: number;
  facts: NewFact[];
}

/** What a command was answered, kept in the same transaction as its facts. */
export interface CommandAnswer {
  stream: string;
  commandId: string;
  /** Hash of the request, so that the same id with another request is refused. */
  fingerprint: string;
  /** JSON; never holds a secret. */
  answer: unknown;
  /** Versions of the facts this command made. */
  versions: number[];
}

export interface Snapshot {
  stream: string;
  version: number;
  /** Version of the fold's code: a snapshot of another version is ignored. */
  schema: number;
  /** JSON. */
  state: unknown;
}

export interface ReadOptions {
  after?: number;
  upTo?: number;
  limit?: number;
  /** Without upcasters: what the hash chain was made over. For verification and backup only. */
  asRecorded?: boolean;
}

/** The log: one stream of facts per network and one called `system`. PostgreSQL in service, in memory in tests; one contract suite. */
export interface EventStore {
  /**
   * All or nothing, over all streams and answers given, and durable when it returns. A stream appears in one part at
   * most; a part without facts is ignored. `recordedAt` never falls within a stream.
   * @returns the facts as recorded, each stream's in version order
   * @throws ConcurrencyConflict when a stream is not at its expected version or a command id has an answer already; Unavailable when the database is away
   */
  append(parts: StreamAppend[], answers: CommandAnswer[]): Promise<RecordedFact[]>;
  /** Facts of a stream in version order, versions after < v <= upTo, at most `limit` (default 1000). Empty for an unknown stream. */
  read(stream: string, options?: ReadOptions): Promise<RecordedFact[]>;
  /** Newest version; 0 for an unknown stream. */
  head(stream: string): Promise<number>;
  heads(): Promise<Map<string, number>>;
  /** The version of the newest fact recorded at or before a time (ISO 8601); 0 when there is none. */
  versionAt(stream: string, at: string): Promise<number>;
  /** Answers older than the store's retention (at least 7 days) may be gone: such an id counts as new. */
  answersOf(stream: string, commandIds: string[]): Promise<CommandAnswer[]>;
  /** Newest snapshot at or before a version (default: newest of all). */
  snapshot(stream: string, options: { schema: number; upTo?: number }): Promise<Snapshot | undefined>;
  saveSnapshot(snapshot: Snapshot): Promise<void>;
  /** Called after every commit made through this store that had facts. Returns a function that ends it. A listener must not throw. */
  onAppended(listener: (facts: RecordedFact[]) => void): () => void;
}

export type { AnyFact, NewFact, RecordedFact };
