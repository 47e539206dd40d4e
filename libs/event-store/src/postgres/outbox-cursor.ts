import type { RecordedFact } from '../core/event-store.js';
import type { Query } from './database.js';
import { FACT_COLUMNS, recordedFact, STREAM_HEADS, type FactRow } from './fact-row.js';

/** Facts handed to the publisher at a time. */
export const PAGE = 500;
/** First key of the advisory locks; the second is the stream's. Two streams that share one only wait for each other. */
const OUTBOX_LOCK = 7_023;

/** A cursor counts only for the broker's generation it was written under: under another one everything is pending. */
const PUBLISHED = `case when o.generation = $2 then o.published_version else 0 end`;

/**
 * Try the lock, and read the cursor and what is pending, in one round trip. The facts are seen as of just before the
 * lock, so another process may have published some of them already; they go out twice then, which harms nobody.
 * A crash may lose the newest moves of the cursor (synchronous_commit): the same holds.
 */
const TAKE = `
with held as materialized (
  select pg_try_advisory_xact_lock(${OUTBOX_LOCK}, hashtext($1)) as locked,
    set_config('synchronous_commit', 'off', true) as unsynced
)
select held.locked, held.unsynced, o.generation, e.*
from held
left join outbox o on o.network_id = $1
left join lateral (
  select ${FACT_COLUMNS} from events
  where held.locked and network_id = $1 and version > coalesce(${PUBLISHED}, 0)
  order by version limit ${PAGE}
) e on true
order by e.version`;

const MOVE = `
with moved as (
  insert into outbox (network_id, generation, published_version) values ($1, $2, $3)
  on conflict (network_id) do update
    set generation = excluded.generation, published_version = excluded.published_version
)
select ${FACT_COLUMNS} from events where network_id = $1 and version > $3 order by version limit ${PAGE}`;

const PENDING = `${STREAM_HEADS}
select h.stream, h.head - coalesce(case when o.generation = $1 then o.published_version end, 0) as facts
from heads h left join outbox o on o.network_id = h.stream
where o.generation is distinct from $1 or o.published_version < h.head`;

export interface Taken {
  /** False: another process publishes this stream. */
  locked: boolean;
  /** Under which the cursor was written; null before the first time. */
  generation: string | null;
  /** Pending, in version order, at most a page. */
  facts: RecordedFact[];
}

/** In a transaction: takes the stream until the transaction ends. */
export async function takeStream(query: Query, stream: string, generation: string): Promise<Taken> {
  const rows = await query<{ locked: boolean; generation: string | null } & (FactRow | { version: null })>(TAKE, [
    stream,
    generation,
  ]);
  const facts = rows.flatMap(({ locked: _l, generation: _g, ...row }) => (row.version === null ? [] : [factOf(row)]));
  return { locked: rows[0]!.locked, generation: rows[0]!.generation, facts };
}

/** In the same transaction: notes that everything up to a version is published. @returns what follows it */
export async function moveCursor(query: Query, generation: string, { stream, version }: RecordedFact) {
  return (await query<FactRow>(MOVE, [stream, generation, version])).map(recordedFact);
}

/** Streams with facts the broker does not have, and how many. */
export async function pendingStreams(query: Query, generation: string): Promise<Map<string, number>> {
  const rows = await query<{ stream: string; facts: number }>(PENDING, [generation]);
  return new Map(rows.map((row) => [row.stream, row.facts]));
}

function factOf({ stream, version, type, data, metadata, hash, recordedAt }: FactRow): RecordedFact {
  return recordedFact({ stream, version, type, data, metadata, hash, recordedAt });
}
