import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { endTogether } from '../../../../test/support/end-together.js';
import { startPostgres, type TestPostgres } from '../../../../test/support/servers.js';
import { revoked } from '../core/event-store.contract.js';
import { logDataSourceOptions, migrateLog, openLog } from './data-source.js';
import { Database } from './database.js';
import { PostgresEventStore } from './postgres-event-store.js';

let server: TestPostgres;
let admin: DataSource;
const options = (applicationName: string) => ({ url: server.url, applicationName });
const away = { kind: 'unavailable', part: 'log' };

beforeAll(async () => {
  server = await startPostgres();
  admin = await openLog(options('admin'));
}, 60_000);
afterAll(async () => {
  await Promise.all([admin.destroy(), server.stop()]);
});

/** Ends every connection of an application, as a database that restarts does. */
const cut = (name: string) =>
  admin.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = $1', [name]);

const append = (store: PostgresEventStore, stream: string, expectedVersion: number) =>
  store.append([{ stream, expectedVersion, facts: [revoked(`k${expectedVersion}`)] }], []);

test('connections that were cut are replaced, and facts go on at the next version', async () => {
  const dataSource = await openLog(options('cut'));
  const store = new PostgresEventStore(dataSource);
  await append(store, 'cut', 0);
  await cut('cut');
  // The pool may notice before or after it hands the dead connection out.
  await append(store, 'cut', 1).catch((error) => expect(error).toMatchObject(away));
  const head = await store.head('cut');
  await append(store, 'cut', head);
  expect(await store.head('cut')).toBe(head + 1);
  await dataSource.destroy();
});

test('a connection that is cut at the moment it is ready ends what was asked, not the process', async () => {
  let isCutting = false;
  const way = await wayTo(server.url, (bytes) => isCutting && bytes.subarray(-READY.length).equals(READY));
  const dataSource = await openLog({ ...options('ready'), url: way.url });
  try {
    const database = new Database(dataSource);
    isCutting = true;
    await cut('ready');
    // The pool may not have noticed yet that its idle connection is gone.
    for (let n = 0; n < 3; n++) await expect(database.query('select 1')).rejects.toMatchObject(away);
    isCutting = false;
    expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
  } finally {
    await dataSource.destroy();
    way.close();
  }
});

test('a connection cut in the middle of a transaction ends that transaction, not the process', async () => {
  const dataSource = await openLog(options('middle'));
  const database = new Database(dataSource);
  const work = database.transaction(async (query) => {
    await query(`insert into outbox values ('middle', 'g', 1)`);
    await cut('middle');
    await query('select 1');
    return true;
  });
  await expect(work).rejects.toMatchObject(away);
  expect(await database.query(`select from outbox where network_id = 'middle'`)).toEqual([]);
  await dataSource.destroy();
});

test('work that fails rolls back and gives its connection back', async () => {
  const dataSource = await openLog({ ...options('failing'), poolSize: 1 });
  const database = new Database(dataSource);
  const [before] = await database.query<{ pid: number }>('select pg_backend_pid() as pid');
  const insert = `insert into outbox values ('failing', 'g', 1)`;
  const failing = database.transaction(async (query) => {
    await query(insert);
    throw new Error('broker says no');
  });
  await expect(failing).rejects.toThrow('broker says no');
  await database.transaction(async (query) => (await query(insert), false));
  expect(await database.query(`select from outbox where network_id = 'failing'`)).toEqual([]);
  expect(await database.query('select pg_backend_pid() as pid')).toEqual([before]);
  await dataSource.destroy();
});

test('a database that says nothing is away after the time limit, and its connection is not used again', async () => {
  const usual = logDataSourceOptions({ ...options('silent'), poolSize: 1 });
  const quick = { ...usual, extra: { ...usual.extra, query_timeout: 100 } } as DataSourceOptions;
  const dataSource = await new DataSource(quick).initialize();
  const store = new PostgresEventStore(dataSource);
  const pid = () => new Database(dataSource).query('select pg_backend_pid()');
  const before = await pid();
  const locking = admin.createQueryRunner();
  await locking.startTransaction();
  await locking.query('lock table events in access exclusive mode');
  await expect(append(store, 'silent', 0)).rejects.toMatchObject(away);
  await locking.rollbackTransaction();
  await locking.release();
  expect(await pid()).not.toEqual(before);
  const version = await store.head('silent');
  expect(await append(store, 'silent', version)).toMatchObject([{ version: version + 1 }]);
  await dataSource.destroy();
});

test('a statement that is wrong is an error of ours, not an absent database', async () => {
  await expect(new Database(admin).query('select nonsense')).rejects.toMatchObject({ code: '42703' });
});

test('a database that is not there: opening, migrating and reading say so', async () => {
  const gone = await startPostgres();
  const dataSource = await openLog({ url: gone.url, applicationName: 'gone' });
  await gone.stop();
  const store = new PostgresEventStore(dataSource);
  await expect(store.head('n')).rejects.toMatchObject(away);
  await expect(append(store, 'n', 0)).rejects.toMatchObject(away);
  await expect(openLog({ url: gone.url, applicationName: 'gone' })).rejects.toMatchObject(away);
  await expect(migrateLog({ url: gone.url, applicationName: 'gone' })).rejects.toMatchObject(away);
  await dataSource.destroy();
}, 30_000);

/** Of the protocol: ready for a query, and an end by an administrator (57P01). */
const READY = Buffer.from('Z\0\0\0\x05I', 'latin1');
const FATAL = 'SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0';
const TERMINATED = Buffer.from(`E\0\0\0${String.fromCharCode(FATAL.length + 4)}${FATAL}`, 'latin1');

/** A way to a database on which a connection is ended, in one piece with what the database has just said. */
async function wayTo(url: string, isCutAfter: (bytes: Buffer) => boolean): Promise<{ url: string; close(): void }> {
  const { port, hostname } = new URL(url);
  const way = createServer((near) => {
    const far = connect(Number(port), hostname);
    endTogether(near, far);
    near.pipe(far);
    far.on('data', (bytes: Buffer) => {
      if (isCutAfter(bytes)) near.end(Buffer.concat([bytes, TERMINATED]));
      else near.write(bytes);
    });
  }).listen(0, '127.0.0.1');
  await once(way, 'listening');
  const here = `127.0.0.1:${(way.address() as AddressInfo).port}`;
  return { url: url.replace(`${hostname}:${port}`, here), close: () => void way.close() };
}
