import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The log and what hangs on it (libs/event-store/README.md says what each table is for). */
export class CreateLog1763600000000 implements MigrationInterface {
  readonly name = 'CreateLog1763600000000';

  async up(runner: QueryRunner): Promise<void> {
    // json, not jsonb: it keeps the canonical text byte for byte, so the database holds exactly what was hashed.
    await runner.query(`
      create table events (
        network_id  text collate "C" not null,
        version     integer not null check (version > 0),
        type        text not null,
        data        json not null,
        metadata    json not null,
        hash        text not null,
        recorded_at timestamptz(3) not null,
        primary key (network_id, version)
      )`);
    await runner.query('create index events_recorded_at on events (network_id, recorded_at, version)');
    await runner.query(`
      create table commands (
        network_id  text collate "C" not null,
        command_id  text collate "C" not null,
        fingerprint text not null,
        answer      json not null,
        versions    integer[] not null,
        answered_at timestamptz not null default statement_timestamp(),
        primary key (network_id, command_id)
      )`);
    await runner.query('create index commands_answered_at on commands using brin (answered_at)');
    await runner.query(`
      create table snapshots (
        network_id text collate "C" not null,
        schema     integer not null,
        version    integer not null,
        state      json not null,
        saved_at   timestamptz not null default statement_timestamp(),
        primary key (network_id, schema, version)
      )`);
    // Rows that are updated often and in place: room in the page keeps the index out of it.
    await runner.query(`
      create table outbox (
        network_id        text collate "C" primary key,
        generation        text not null,
        published_version integer not null
      ) with (fillfactor = 50)`);
    await runner.query(`
      create table leases (
        name       text collate "C" primary key,
        holder     text not null,
        epoch      bigint not null,
        expires_at timestamptz not null
      ) with (fillfactor = 50)`);
  }

  /** Facts are never thrown away by a migration: going back means restoring a backup. */
  async down(): Promise<void> {
    throw new Error('the log cannot be migrated down; restore a backup taken before the upgrade');
  }
}
