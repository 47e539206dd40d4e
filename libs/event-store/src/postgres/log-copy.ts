import pg from 'pg';
import type { AnswerLine, ContentLine, EpochLine, FactLine } from '../backup/backup-lines.js';
import { SYSTEM_STREAM, publisherLease } from '#contracts/names.js';
import { unavailable } from './database-errors.js';
import { databaseConnection } from './database-tls.js';

const PAGE = 1_000;

/** Why a log is not restored into this database. */
export class LogNotEmpty extends Error {}

/**
 * Everything of the log that cannot be made again, as of one moment: writers go on meanwhile. Not the snapshots (they
 * follow from the facts), not the outbox (a new broker gets everything).
 * @throws Unavailable
 */
export async function* copyOut(url: string): AsyncGenerator<ContentLine> {
  const client = await connect(url);
  try {
    await client.query('begin isolation level repeatable read read only');
    const { rows } = await client.query<{ highest: string }>('select coalesce(max(epoch), 0) as highest from leases');
    yield { kind: 'epoch', highest: Number(rows[0]!.highest) } satisfies EpochLine;
    yield* pages<FactLine>(
      client,
      `declare copied no scroll cursor for
       select 'fact' as kind, network_id as stream, version, type, data::text, metadata::text, hash, recorded_at as "recordedAt"
       from events order by network_id, version`,
    );
    yield* pages<AnswerLine>(
      client,
      `declare copied no scroll cursor for
       select 'answer' as kind, network_id as stream, command_id as "commandId", fingerprint, answer::text, versions,
         answered_at as "answeredAt"
       from commands order by network_id, command_id`,
    );
    await client.query('commit');
  } catch (error) {
    throw unavailable(error) ?? error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function* pages<Line extends ContentLine>(client: pg.Client, declare: string): AsyncGenerator<Line> {
  await client.query(declare);
  for (;;) {
    const { rows } = await client.query<Line>(`fetch ${PAGE} from copied`);
    yield* rows;
    if (rows.length < PAGE) break;
  }
  await client.query('close copied');
}

const FACTS = `
insert into events (network_id, version, type, data, metadata, hash, recorded_at)
select f.stream, f.version, f.type, f.data::json, f.metadata::json, f.hash, f."recordedAt"
from unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
  as f(stream, version, type, data, metadata, hash, "recordedAt")`;

const ANSWERS = `
insert into commands (network_id, command_id, fingerprint, answer, versions, answered_at)
select a.stream, a.id, a.fingerprint, a.answer::json, a.versions::int[], a.at
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
  as a(stream, id, fingerprint, answer, versions, at)`;

const LEASES = `
insert into leases (name, holder, epoch, expires_at)
select name, 'restored', $2, '-infinity' from unnest($1::text[]) as l(name)`;

const column = <Row, Key extends keyof Row>(rows: Row[], key: Key) => rows.map((row) => row[key]);

/**
 * Fills an empty log, whose tables are there, in one transaction: all or nothing.
 *
 * Agents ignore an epoch that is not above the one they know, and may know one that came after the backup. Epochs rise by a few
 * a second at most (a round of leases each), so the restored log counts on from the milliseconds since 1970: that is above
 * whatever an installation has counted up to, restored before or not.
 * @param now milliseconds since 1970
 * @param lines ends, or throws, when the source is known to be whole or not; files are the caller's
 * @param beforeCommit the last thing that may fail
 * @throws LogNotEmpty; Unavailable; what `lines` and `beforeCommit` throw
 */
export async function copyIn<Summary>(
  url: string,
  now: number,
  lines: AsyncGenerator<Exclude<ContentLine, { kind: 'file' }>, Summary>,
  beforeCommit: () => void,
): Promise<Summary> {
  const client = await connect(url);
  try {
    await client.query('begin');
    await client.query('lock table events, commands, leases in exclusive mode');
    const { rows } = await client.query('select 1 from events union all select 1 from commands limit 1');
    if (rows.length > 0) throw new LogNotEmpty();
    const summary = await fill(client, now, lines);
    beforeCommit();
    await client.query('commit');
    return summary;
  } catch (error) {
    throw unavailable(error) ?? error;
  } finally {
    // Without a commit this takes everything back.
    await client.end().catch(() => undefined);
  }
}

async function fill<Summary>(
  client: pg.Client,
  now: number,
  lines: AsyncGenerator<Exclude<ContentLine, { kind: 'file' }>, Summary>,
): Promise<Summary> {
  let facts: FactLine[] = [];
  let answers: AnswerLine[] = [];
  let epoch = now;
  const networks = new Set<string>();
  const insert = async () => {
    if (facts.length > 0) {
      const texts = (['type', 'data', 'metadata', 'hash', 'recordedAt'] as const).map((key) => column(facts, key));
      await client.query(FACTS, [column(facts, 'stream'), column(facts, 'version'), ...texts]);
    }
    if (answers.length > 0) {
      const texts = (['stream', 'commandId', 'fingerprint', 'answer'] as const).map((key) => column(answers, key));
      const versions = answers.map((answer) => `{${answer.versions.join()}}`);
      await client.query(ANSWERS, [...texts, versions, column(answers, 'answeredAt')]);
    }
    [facts, answers] = [[], []];
  };
  for (;;) {
    const next = await lines.next();
    if (next.done) {
      await insert();
      await client.query(LEASES, [[...networks].map(publisherLease), epoch]);
      return next.value;
    }
    const line = next.value;
    if (line.kind === 'epoch') epoch = Math.max(epoch, line.highest + 1);
    else if (line.kind === 'answer') answers.push(line);
    else {
      facts.push(line);
      if (line.stream !== SYSTEM_STREAM) networks.add(line.stream);
    }
    if (facts.length + answers.length >= PAGE) await insert();
  }
}

/** Without time limits: what reads or writes at the other end may be slow. */
async function connect(url: string): Promise<pg.Client> {
  const { url: connectionString, ssl } = databaseConnection(url);
  const client = new pg.Client({
    connectionString,
    ...(ssl && { ssl }),
    application_name: 'tombolo-backup',
    connectionTimeoutMillis: 5_000,
    idle_in_transaction_session_timeout: 0,
    statement_timeout: 0,
  });
  // The next query tells.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('set idle_in_transaction_session_timeout = 0');
  } catch (error) {
    throw unavailable(error) ?? error;
  }
  return client;
}
