import type { EventEmitter } from 'node:events';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { unavailable } from './database-errors.js';
import { databaseConnection } from './database-tls.js';
import { CreateLog1763600000000 } from './migrations/1763600000000-create-log.js';

export interface LogDatabaseOptions {
  /** `postgres://user:password@host:port/database`; TLS by `?sslmode=` (`databaseConnection`). */
  url: string;
  /** Shown in `pg_stat_activity`. */
  applicationName: string;
  /** Connections at most; default 20. */
  poolSize?: number;
}

/** Milliseconds. A server that lives cancels a statement itself; `query_timeout` is for one that is gone without a word. */
export const TIMEOUTS = {
  connectionTimeoutMillis: 3_000,
  idleTimeoutMillis: 30_000,
  statement_timeout: 5_000,
  query_timeout: 8_000,
  idle_in_transaction_session_timeout: 10_000,
};
/**
 * Of the pool: a connection always has a listener for its errors. The pool takes its own away when it hands one out, and one that
 * is ended in the same breath as it is ready would end the process. Whoever has it learns of it by the next query.
 */
const CALMLY = { onConnect: (client: EventEmitter) => void client.on('error', () => undefined) };
/** Any number no other user of the database takes for the same purpose. */
const MIGRATION_LOCK = 7_023_118_442;

/** Settings of the log's database for TypeORM: migrations only, never `synchronize`. */
export function logDataSourceOptions({ url, applicationName, poolSize = 20 }: LogDatabaseOptions): DataSourceOptions {
  return {
    type: 'postgres',
    ...databaseConnection(url),
    applicationName,
    synchronize: false,
    migrations: [CreateLog1763600000000],
    migrationsTableName: 'log_migrations',
    // A connection that dies while idle is replaced by the pool; the next query tells if the database is away.
    poolErrorHandler: () => undefined,
    extra: { ...TIMEOUTS, ...CALMLY, max: poolSize, keepAlive: true },
  };
}

/**
 * Connects to the log and brings its tables up to date.
 * @throws Unavailable when the database does not answer
 */
export async function openLog(options: LogDatabaseOptions): Promise<DataSource> {
  await migrateLog(options);
  return connect(logDataSourceOptions(options));
}

/**
 * Runs the migrations that are missing, all in one transaction. Of many processes that start together one does it and
 * the others wait. Statements have no time limit here: a migration of a long log takes as long as it takes.
 * @throws Unavailable when the database does not answer
 */
export async function migrateLog(options: LogDatabaseOptions): Promise<void> {
  const { connectionTimeoutMillis } = TIMEOUTS;
  const dataSource = await connect({
    ...logDataSourceOptions(options),
    extra: { ...CALMLY, connectionTimeoutMillis, max: 2, keepAlive: true },
  } as DataSourceOptions);
  const locking = dataSource.createQueryRunner();
  try {
    await locking.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await dataSource.runMigrations({ transaction: 'all' });
    await locking.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  } catch (error) {
    throw unavailable(error) ?? error;
  } finally {
    await locking.release();
    await dataSource.destroy();
  }
}

async function connect(options: DataSourceOptions): Promise<DataSource> {
  try {
    return await new DataSource(options).initialize();
  } catch (error) {
    throw unavailable(error) ?? error;
  }
}
