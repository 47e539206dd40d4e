import type { RecordedFact } from '../core/event-store.js';

/** The largest `integer`: what "no upper bound" means in a query. */
export const MAX_VERSION = 2_147_483_647;

/** Columns of `events` under the names of a `FactRow`. */
export const FACT_COLUMNS = `network_id as stream, version, type, data, metadata, hash, recorded_at as "recordedAt"`;

/** Head of a query: `heads(stream, head)`, found by one index probe per stream whatever the length of the log. */
export const STREAM_HEADS = `
with recursive streams as (
  (select network_id from events order by network_id limit 1)
  union all
  select (select e.network_id from events e where e.network_id > s.network_id order by e.network_id limit 1)
  from streams s where s.network_id is not null
), heads as (
  select s.network_id as stream,
    (select e.version from events e where e.network_id = s.network_id order by e.version desc limit 1) as head
  from streams s where s.network_id is not null
)`;

export interface FactRow {
  stream: string;
  version: number;
  type: string;
  data: unknown;
  metadata: unknown;
  hash: string;
  recordedAt: Date;
}

export function recordedFact(row: FactRow): RecordedFact {
  return { ...row, recordedAt: row.recordedAt.toISOString() } as RecordedFact;
}
