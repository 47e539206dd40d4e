import { createHash } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { startPostgres, type TestPostgres } from '../../../../test/support/servers.js';
import { DecisionMaker } from '../core/decision-maker.js';
import { add, seenFold, type Seen } from '../core/decision-maker.fixtures.js';
import { answerOf, eventStoreContract, revoked } from '../core/event-store.contract.js';
import { GENESIS_HASH, verifyStream } from '../core/hash-chain.js';
import { logDataSourceOptions, openLog } from './data-source.js';
import { PostgresEventStore } from './postgres-event-store.js';

let server: TestPostgres;
let dataSource: DataSource;
const open = () => openLog({ url: server.url, applicationName: 'log test' });

beforeAll(async () => {
  server = await startPostgres();
  // Replicas that start together on an empty database: one migrates, nobody fails.
  const opened = await Promise.all([open(), open(), open()]);
  dataSource = opened[0]!;
  await Promise.all(opened.slice(1).map((each) => each.destroy()));
}, 60_000);
afterAll(async () => {
  await Promise.all([dataSource.destroy(), server.stop()]);
});

eventStoreContract('the log on PostgreSQL', async () => ({
  open: (options) => new PostgresEventStore(dataSource, options),
  close: async () => undefined,
}));

test('the database holds exactly the text that was hashed, so SQL alone can verify it', async () => {
  const store = new PostgresEventStore(dataSource);
  await store.append([{ stream: 'sql', expectedVersion: 0, facts: ['ü', '"', '1e21'].map((key) => revoked(key)) }], []);
  const rows: { text: string; hash: string }[] = await dataSource.query(`
    select hash, coalesce(lag(hash) over (order by version), '${GENESIS_HASH}') ||
      format('{"data":%s,"metadata":%s,"stream":%s,"type":%s,"version":%s}',
        data, metadata, to_json(network_id), to_json(type), version) as text
    from events where network_id = 'sql' order by version`);
  expect(rows).toHaveLength(3);
  for (const { text, hash } of rows) expect(createHash('sha256').update(text).digest('hex')).toBe(hash);
});

test.each([
  ['data', `update events set data = '{"keyId":"forged"}' where network_id = $1 and version = 2`, 2],
  ['an actor', `update events set metadata = '{"actor":"x"}' where network_id = $1 and version = 3`, 3],
  ['a removal', `delete from events where network_id = $1 and version = 2`, 2],
])('tampering with %s behind our back is found', async (name, sql, version) => {
  const store = new PostgresEventStore(dataSource);
  const stream = `tampered-${name}`;
  await store.append([{ stream, expectedVersion: 0, facts: ['a', 'b', 'c'].map((key) => revoked(key)) }], []);
  await dataSource.query(sql, [stream]);
  expect(await verifyStream(store, stream)).toMatchObject({ ok: false, version });
});

test('a process whose memory is ahead of the database (a backup was restored) makes no gap', async () => {
  const store = new PostgresEventStore(dataSource);
  const stream = 'restored';
  await store.append([{ stream, expectedVersion: 0, facts: ['a', 'b'].map((key) => revoked(key)) }], []);
  await dataSource.query('delete from events where network_id = $1 and version = 2', [stream]);
  const append = (expectedVersion: number) => store.append([{ stream, expectedVersion, facts: [revoked('c')] }], []);
  await expect(append(2)).rejects.toMatchObject({ kind: 'concurrency' });
  expect((await append(1)).map((fact) => fact.version)).toEqual([2]);
  expect(await verifyStream(store, stream)).toMatchObject({ ok: true, version: 2 });
});

test('two decision makers race for one stream: no gap, no loss, nothing twice', async () => {
  const makers = [0, 1].map(
    () => new DecisionMaker<Seen>({ store: new PostgresEventStore(dataSource), fold: seenFold, snapshotEvery: 50 }),
  );
  const keys = Array.from({ length: 400 }, (_, i) => `k${i}`);
  const outcomes = await Promise.all(keys.flatMap((key) => makers.map((maker) => maker.execute('raced', add(key)))));
  expect(outcomes.filter((outcome) => !outcome.repeated)).toHaveLength(400);
  const store = new PostgresEventStore(dataSource);
  const facts = await store.read('raced');
  expect(facts.map((fact) => fact.version)).toEqual(keys.map((_, i) => i + 1));
  expect(facts.map((fact) => (fact.data as { keyId: string }).keyId).sort()).toEqual([...keys].sort());
  expect(await verifyStream(store, 'raced', 37)).toMatchObject({ ok: true, version: 400 });
});

test('the pool is set up so that nothing waits for ever', async () => {
  const settings = await dataSource.query(`select
    current_setting('statement_timeout') as statement, current_setting('application_name') as name,
    current_setting('idle_in_transaction_session_timeout') as idle, current_setting('synchronous_commit') as sync`);
  expect(settings).toEqual([{ statement: '5s', idle: '10s', name: 'log test', sync: 'on' }]);
  expect(logDataSourceOptions({ url: server.url, applicationName: 'x' })).toMatchObject({ synchronize: false });
});

test('answers a week old are forgotten, younger ones are not', async () => {
  const store = new PostgresEventStore(dataSource);
  await store.append([], [answerOf('aged', 'old'), answerOf('aged', 'young')]);
  await dataSource.query(
    `update commands set answered_at = now() - case command_id when 'old' then interval '7 days 1 second' else interval '6 days' end
     where network_id = 'aged'`,
  );
  expect(await store.sweep()).toBe(1);
  expect((await store.answersOf('aged', ['old', 'young'])).map((answer) => answer.commandId)).toEqual(['young']);
});

test('of many snapshots few are kept, the newest and the way into the past', async () => {
  const store = new PostgresEventStore(dataSource);
  for (let version = 100; version <= 6400; version += 100) {
    await store.saveSnapshot({ stream: 'snaps', schema: 1, version, state: { version } });
  }
  const [{ count }] = await dataSource.query(`select count(*)::int from snapshots where network_id = 'snaps'`);
  expect(count).toBeLessThan(16);
  expect(await store.snapshot('snaps', { schema: 1 })).toMatchObject({ version: 6400 });
  expect(await store.snapshot('snaps', { schema: 1, upTo: 6399 })).toMatchObject({ version: 6300 });
  expect((await store.snapshot('snaps', { schema: 1, upTo: 1000 }))?.version).toBeGreaterThanOrEqual(100);
});
