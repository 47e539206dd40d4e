import type { Pool, PoolClient, QueryResultRow } from 'pg';
import type { DataSource } from 'typeorm';
import { unavailable } from './database-errors.js';

export type Query = <Row extends QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>;

/**
 * The pg pool of a TypeORM data source, without TypeORM's layers: the log's own statements are few, fixed and hot. A
 * connection whose statement failed for reasons of the connection is closed, never given back.
 */
export class Database {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  /**
   * One statement, committed by itself.
   * @throws Unavailable; other errors as pg gives them
   */
  query: Query = (text, values) => this.#onConnection((query) => query(text, values));

  /**
   * Runs `work` in a transaction and commits when it returns true, else rolls back.
   * @throws Unavailable; what `work` throws
   */
  transaction(work: (query: Query) => Promise<boolean>): Promise<void> {
    return this.#onConnection(async (query) => {
      await query('begin');
      let commit: boolean;
      try {
        commit = await work(query);
      } catch (error) {
        // A rollback that fails closes the connection, which rolls back as well.
        await query('rollback').catch(() => undefined);
        throw error;
      }
      await query(commit ? 'commit' : 'rollback');
    });
  }

  async #onConnection<T>(work: (query: Query) => Promise<T>): Promise<T> {
    // `master` is the pool once the data source is initialised; TypeORM's public types do not name it.
    const { master } = this.#dataSource.driver as unknown as { master: Pool };
    let client: PoolClient;
    try {
      client = await master.connect();
    } catch (error) {
      throw unavailable(error) ?? error;
    }
    let broken = false;
    // It may die between two statements.
    const onError = () => (broken = true);
    client.on('error', onError);
    const query: Query = async (text, values) => {
      try {
        return (await client.query(text, values)).rows as never[];
      } catch (error) {
        const away = unavailable(error);
        broken ||= away !== undefined;
        throw away ?? error;
      }
    };
    try {
      return await work(query);
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
  }
}
