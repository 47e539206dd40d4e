import type { DataSource } from 'typeorm';
import { Database } from './database.js';

/** A right that one holder has for a time. */
export interface Lease {
  name: string;
  holder: string;
  /** Rises with every change of hands, and when the same holder takes a lease again that it had let lapse. */
  epoch: number;
}

export interface HeldLease extends Lease {
  /** Until it is free, unless it is renewed; milliseconds. */
  msLeft: number;
}

/** A double, which pg gives as a number: after a restore epochs are beyond 2^31 (log-copy.ts), never beyond 2^53. */
const EPOCH = 'epoch::float8 as epoch';
const LEASE = `name, holder, ${EPOCH}`;
const ENDS = `clock_timestamp() + make_interval(secs => $3::float8 / 1000)`;

/**
 * Leases with fencing epochs. Only the database's clock decides whether one is held. A holder counts from *before* it
 * sent `acquire` or `renew`, on a monotonic clock: `ttlMs` later the lease is in doubt, and it does nothing with it unless
 * a renewal succeeds: nobody has taken it then. What it does with the lease carries the epoch, so that a holder that is
 * late is told apart.
 */
export class Leases {
  readonly #database: Database;

  constructor(dataSource: DataSource) {
    this.#database = new Database(dataSource);
  }

  /**
   * Takes a lease that is free or lapsed, or renews it for the one who holds it.
   * @param holder one per process start (a UUID), so that a restarted process is another holder
   * @returns undefined while somebody else holds it
   * @throws Unavailable
   */
  async acquire(name: string, holder: string, ttlMs: number): Promise<Lease | undefined> {
    const [lease] = await this.#database.query<Lease>(
      `insert into leases as l (name, holder, epoch, expires_at) values ($1, $2, 1, ${ENDS})
       on conflict (name) do update set
         epoch = case when l.holder = excluded.holder and l.expires_at > clock_timestamp() then l.epoch else l.epoch + 1 end,
         holder = excluded.holder, expires_at = excluded.expires_at
       where l.holder = excluded.holder or l.expires_at <= clock_timestamp()
       returning l.name, l.holder, l.${EPOCH}`,
      [name, holder, ttlMs],
    );
    return lease;
  }

  /**
   * Also one that lapsed and that nobody has taken since.
   * @returns false when it changed hands or was released
   * @throws Unavailable
   */
  async renew({ name, holder, epoch }: Lease, ttlMs: number): Promise<boolean> {
    const renewed = await this.#database.query(
      `with renewed as (
         update leases set expires_at = ${ENDS}
         where name = $1 and holder = $2 and epoch = $4 and expires_at > '-infinity' returning 1
       ) select from renewed`,
      [name, holder, ttlMs, epoch],
    );
    return renewed.length > 0;
  }

  /**
   * Renews everything a holder still holds whose name begins with `prefix`, and what it let lapse and nobody has taken since,
   * in one statement.
   * @returns what it holds now; a lease that is missing is lost
   * @throws Unavailable
   */
  renewAll(holder: string, prefix: string, ttlMs: number): Promise<Lease[]> {
    return this.#database.query<Lease>(
      `with renewed as (
         update leases set expires_at = ${ENDS}
         where holder = $1 and starts_with(name, $2) and expires_at > '-infinity' returning *
       ) select ${LEASE} from renewed order by name`,
      [holder, prefix, ttlMs],
    );
  }

  /**
   * Gives a lease up, so that the next one need not wait for it to lapse. Nothing happens if it is lost already.
   * @throws Unavailable
   */
  async release({ name, holder, epoch }: Lease): Promise<void> {
    await this.#database.query(
      `with released as (
         update leases set expires_at = '-infinity' where name = $1 and holder = $2 and epoch = $3 returning 1
       ) select from released`,
      [name, holder, epoch],
    );
  }

  /** Who holds a lease now; undefined when nobody does. @throws Unavailable */
  async heldBy(name: string): Promise<Lease | undefined> {
    const [lease] = await this.#database.query<Lease>(
      `select ${LEASE} from leases where name = $1 and expires_at > clock_timestamp()`,
      [name],
    );
    return lease;
  }

  /** The leases that are held now whose name begins with `prefix`, by name. @throws Unavailable */
  list(prefix = ''): Promise<HeldLease[]> {
    return this.#database.query<HeldLease>(
      `select ${LEASE}, (extract(epoch from expires_at - clock_timestamp()) * 1000)::float8 as "msLeft"
       from leases where starts_with(name, $1) and expires_at > clock_timestamp() order by name`,
      [prefix],
    );
  }
}
