import { createHash } from 'node:crypto';
import { canonicalJson } from '#contracts/canonical.js';
import { ConcurrencyConflict } from '#contracts/errors.js';
import type { CommandAnswer, RecordedFact, StreamAppend } from '../core/event-store.js';
import { chainFacts, GENESIS_HASH, type ChainedFact, type ChainHead } from '../core/hash-chain.js';
import { codeOf } from './database-errors.js';
import type { Database } from './database.js';
import { recordedFact } from './fact-row.js';

interface Rows {
  /** What each part's first fact follows. */
  heads: (ChainHead & { stream: string })[];
  facts: ChainedFact[];
  answers: CommandAnswer[];
}

/**
 * One statement, so one round trip and one commit. A part fits when the fact it follows is there with the hash that was
 * chained onto, which keeps streams gap-free; that nobody else followed it, the primary key sees to.
 */
const INSERT = `
with part as materialized (
  select p.stream, p.version, (p.version = 0 or e.version is not null) as fits,
    greatest(statement_timestamp(), e.recorded_at)::timestamptz(3) as recorded_at
  from unnest($1::text[], $2::int[], $3::text[]) as p(stream, version, hash)
  left join events e on e.network_id = p.stream and e.version = p.version and e.hash = p.hash
), verdict as materialized (
  select coalesce(bool_and(fits), true) as fits from part
), stored as (
  insert into events (network_id, version, type, data, metadata, hash, recorded_at)
  select f.stream, f.version, f.type, f.data::json, f.metadata::json, f.hash, part.recorded_at
  from unnest($4::text[], $5::int[], $6::text[], $7::text[], $8::text[], $9::text[]) with ordinality
    as f(stream, version, type, data, metadata, hash, ordinality)
  join part on part.stream = f.stream
  where (select fits from verdict)
  order by f.ordinality
), answered as (
  insert into commands (network_id, command_id, fingerprint, answer, versions)
  select a.stream, a.command_id, a.fingerprint, a.answer::json, a.versions::int[]
  from unnest($10::text[], $11::text[], $12::text[], $13::text[], $14::text[])
    as a(stream, command_id, fingerprint, answer, versions)
  where (select fits from verdict)
)
select stream, fits, recorded_at as "recordedAt" from part`;

const UNIQUE_VIOLATION = '23505';
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK = '40P01';

const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');
const column = <Row, Key extends keyof Row>(rows: Row[], key: Key) => rows.map((row) => row[key]);

/** The writing half of the log on PostgreSQL. */
export class Appender {
  readonly #database: Database;
  /** Newest fact this process knows of, per stream: chaining the next one needs no read. */
  readonly #heads = new Map<string, ChainHead>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** As `EventStore.append`. */
  async append(given: StreamAppend[], answers: CommandAnswer[]): Promise<RecordedFact[]> {
    // One order for all writers: two appends that share two streams cannot block each other.
    const parts = given.filter((part) => part.facts.length > 0).sort((a, b) => (a.stream < b.stream ? -1 : 1));
    if (parts.length === 0 && answers.length === 0) return [];
    const heads = await Promise.all(parts.map((part) => this.#predecessor(part)));
    const facts = parts.flatMap((part, i) => chainFacts(part.stream, heads[i]!, part.facts, sha256));
    const times = await this.#insert({ heads, facts, answers }, parts);
    for (const fact of facts) this.learn(fact);
    return facts.map((fact) => parse(fact, times.get(fact.stream)!));
  }

  /** Takes note of a fact that is known to be in the log. */
  learn({ stream, version, hash }: { stream: string } & ChainHead): void {
    if ((this.#heads.get(stream)?.version ?? 0) < version) this.#heads.set(stream, { version, hash });
  }

  async #predecessor({ stream, expectedVersion: version }: StreamAppend): Promise<ChainHead & { stream: string }> {
    if (version === 0) return { stream, version, hash: GENESIS_HASH };
    const known = this.#heads.get(stream);
    if (known?.version === version) return { stream, ...known };
    const [row] = await this.#database.query<{ hash: string }>(
      'select hash from events where network_id = $1 and version = $2',
      [stream, version],
    );
    if (!row) throw new ConcurrencyConflict(stream, version);
    return { stream, version, hash: row.hash };
  }

  /** @returns when each stream's facts were recorded */
  async #insert(rows: Rows, parts: StreamAppend[]): Promise<Map<string, Date>> {
    const { heads, facts, answers } = rows;
    let written: { stream: string; fits: boolean; recordedAt: Date }[];
    try {
      written = await this.#database.query(INSERT, [
        ...[column(heads, 'stream'), column(heads, 'version'), column(heads, 'hash')],
        ...[column(facts, 'stream'), column(facts, 'version'), column(facts, 'type')],
        ...[column(facts, 'data'), column(facts, 'metadata'), column(facts, 'hash')],
        ...[column(answers, 'stream'), column(answers, 'commandId'), column(answers, 'fingerprint')],
        answers.map((answer) => canonicalJson(answer.answer)),
        answers.map((answer) => `{${answer.versions.join()}}`),
      ]);
    } catch (error) {
      throw (await this.#conflict(error, parts, answers)) ?? error;
    }
    const misfit = written.find((row) => !row.fits)?.stream;
    if (misfit !== undefined) {
      this.#heads.delete(misfit);
      throw conflictIn(parts, misfit);
    }
    return new Map(written.map((row) => [row.stream, row.recordedAt]));
  }

  /** Names the stream in which another writer was first, if that is what the error says. */
  async #conflict(error: unknown, parts: StreamAppend[], answers: CommandAnswer[]) {
    if (![UNIQUE_VIOLATION, SERIALIZATION_FAILURE, DEADLOCK].includes(codeOf(error))) return undefined;
    if ((error as { constraint?: string }).constraint === 'commands_pkey') return conflictIn(parts, answers[0]!.stream);
    for (const { stream, expectedVersion } of parts.slice(1)) {
      const [row] = await this.#database.query('select from events where network_id = $1 and version = $2', [
        stream,
        expectedVersion + 1,
      ]);
      if (row) return new ConcurrencyConflict(stream, expectedVersion);
    }
    return conflictIn(parts, parts[0]!.stream);
  }
}

function conflictIn(parts: StreamAppend[], stream: string): ConcurrencyConflict {
  return new ConcurrencyConflict(stream, parts.find((part) => part.stream === stream)?.expectedVersion ?? 0);
}

/** As it would be read: what the caller keeps of its own objects changes nothing here. */
function parse({ data, metadata, ...fact }: ChainedFact, recordedAt: Date): RecordedFact {
  return recordedFact({ ...fact, data: JSON.parse(data), metadata: JSON.parse(metadata), recordedAt });
}
