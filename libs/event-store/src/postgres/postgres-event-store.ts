import type { DataSource } from 'typeorm';
import type {
  CommandAnswer,
  EventStore,
  ReadOptions,
  RecordedFact,
  Snapshot,
  StreamAppend,
} from '../core/event-store.js';
import { upcast, type Upcasters } from '../core/upcast.js';
import { Appender } from './append.js';
import { Database } from './database.js';
import { FACT_COLUMNS, MAX_VERSION, recordedFact, STREAM_HEADS, type FactRow } from './fact-row.js';
import { snapshotsToDrop } from './snapshot-retention.js';

/** Days after which answers of commands, and snapshots of replaced schemas, may be forgotten. */
export const RETENTION_DAYS = 7;

/** The log on PostgreSQL. `dataSource` is an initialised one of `openLog`. */
export class PostgresEventStore implements EventStore {
  readonly #database: Database;
  readonly #appender: Appender;
  readonly #upcasters: Upcasters | undefined;
  readonly #listeners = new Set<(facts: RecordedFact[]) => void>();

  constructor(dataSource: DataSource, { upcasters }: { upcasters?: Upcasters } = {}) {
    this.#database = new Database(dataSource);
    this.#appender = new Appender(this.#database);
    this.#upcasters = upcasters;
  }

  async append(parts: StreamAppend[], answers: CommandAnswer[]): Promise<RecordedFact[]> {
    const recorded = await this.#appender.append(parts, answers);
    if (recorded.length > 0) for (const listener of this.#listeners) listener(recorded);
    return recorded;
  }

  async read(stream: string, options: ReadOptions = {}): Promise<RecordedFact[]> {
    const { after = 0, upTo = MAX_VERSION, limit = 1000, asRecorded = false } = options;
    const rows = await this.#database.query<FactRow>(
      `select ${FACT_COLUMNS} from events
       where network_id = $1 and version > $2 and version <= $3 order by version limit $4`,
      [stream, Math.min(after, MAX_VERSION), Math.min(upTo, MAX_VERSION), limit],
    );
    const newest = rows.at(-1);
    if (newest) this.#appender.learn(newest);
    const facts = rows.map(recordedFact);
    return asRecorded ? facts : facts.map((fact) => upcast(fact, this.#upcasters));
  }

  async head(stream: string): Promise<number> {
    const [row] = await this.#database.query<{ head: number | null }>(
      'select max(version) as head from events where network_id = $1',
      [stream],
    );
    return row?.head ?? 0;
  }

  async heads(): Promise<Map<string, number>> {
    const rows = await this.#database.query<{ stream: string; head: number }>(`${STREAM_HEADS} select * from heads`);
    return new Map(rows.map((row) => [row.stream, row.head]));
  }

  async versionAt(stream: string, at: string): Promise<number> {
    const [row] = await this.#database.query<{ version: number }>(
      `select version from events where network_id = $1 and recorded_at <= $2
       order by recorded_at desc, version desc limit 1`,
      [stream, at],
    );
    return row?.version ?? 0;
  }

  answersOf(stream: string, commandIds: string[]): Promise<CommandAnswer[]> {
    return this.#database.query<CommandAnswer>(
      `select network_id as stream, command_id as "commandId", fingerprint, answer, versions
       from commands where network_id = $1 and command_id = any($2)`,
      [stream, commandIds],
    );
  }

  async snapshot(stream: string, options: { schema: number; upTo?: number }): Promise<Snapshot | undefined> {
    const { schema, upTo = MAX_VERSION } = options;
    const [row] = await this.#database.query<Snapshot>(
      `select network_id as stream, version, schema, state from snapshots
       where network_id = $1 and schema = $2 and version <= $3 order by version desc limit 1`,
      [stream, schema, Math.min(upTo, MAX_VERSION)],
    );
    return row;
  }

  async saveSnapshot({ stream, schema, version, state }: Snapshot): Promise<void> {
    await this.#database.query(
      'insert into snapshots (network_id, schema, version, state) values ($1, $2, $3, $4) on conflict do nothing',
      [stream, schema, version, JSON.stringify(state)],
    );
    const rows = await this.#database.query<{ version: number }>(
      'select version from snapshots where network_id = $1 and schema = $2',
      [stream, schema],
    );
    await this.#database.query('delete from snapshots where network_id = $1 and schema = $2 and version = any($3)', [
      ...[stream, schema],
      snapshotsToDrop(rows.map((row) => row.version)),
    ]);
  }

  onAppended(listener: (facts: RecordedFact[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Forgets answers older than `RETENTION_DAYS` (such a command id counts as new again), and snapshots that old whose
   * schema a newer one has replaced. For a slow timer, hourly say, in one replica or all.
   * @returns how many answers went
   * @throws Unavailable
   */
  async sweep(): Promise<number> {
    const old = 'statement_timestamp() - make_interval(days => $1)';
    const [row] = await this.#database.query<{ answers: number }>(
      `with gone as (delete from commands where answered_at < ${old} returning 1),
       replaced as (
         delete from snapshots s where s.saved_at < ${old} and exists (
           select from snapshots n where n.network_id = s.network_id and n.schema > s.schema))
       select count(*)::int as answers from gone`,
      [RETENTION_DAYS],
    );
    return row!.answers;
  }
}
