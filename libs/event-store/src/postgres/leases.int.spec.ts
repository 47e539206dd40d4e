import type { DataSource } from 'typeorm';
import { startPostgres, type TestPostgres } from '../../../../test/support/servers.js';
import { openLog } from './data-source.js';
import { Leases } from './leases.js';

let server: TestPostgres;
let dataSource: DataSource;
let leases: Leases;
let count = 0;
const fresh = () => `topology-planner:net-${++count}`;
const MINUTE = 60_000;

beforeAll(async () => {
  server = await startPostgres();
  dataSource = await openLog({ url: server.url, applicationName: 'lease test' });
  leases = new Leases(dataSource);
}, 60_000);
afterAll(async () => {
  await Promise.all([dataSource.destroy(), server.stop()]);
});

/** The lease's time runs out, without anybody waiting for it. */
const lapse = (name: string) => dataSource.query(`update leases set expires_at = now() where name = $1`, [name]);

test('a free lease is taken, and nobody else gets it', async () => {
  const name = fresh();
  expect(await leases.heldBy(name)).toBeUndefined();
  const lease = await leases.acquire(name, 'a', MINUTE);
  expect(lease).toEqual({ name, holder: 'a', epoch: 1 });
  expect(await leases.acquire(name, 'b', MINUTE)).toBeUndefined();
  expect(await leases.heldBy(name)).toEqual(lease);
});

test('of many at once exactly one gets it', async () => {
  const name = fresh();
  const got = await Promise.all(Array.from({ length: 15 }, (_, i) => leases.acquire(name, `h${i}`, MINUTE)));
  expect(got.filter((lease) => lease)).toHaveLength(1);
});

test('holding on keeps the epoch, by renewing or by acquiring again', async () => {
  const lease = (await leases.acquire(fresh(), 'a', MINUTE))!;
  expect(await leases.renew(lease, MINUTE)).toBe(true);
  expect(await leases.acquire(lease.name, 'a', MINUTE)).toEqual(lease);
});

test('the epoch of a lapsed lease rises, whoever takes it', async () => {
  const lease = (await leases.acquire(fresh(), 'a', MINUTE))!;
  await lapse(lease.name);
  expect(await leases.heldBy(lease.name)).toBeUndefined();
  expect(await leases.acquire(lease.name, 'a', MINUTE)).toMatchObject({ holder: 'a', epoch: 2 });
  await lapse(lease.name);
  expect(await leases.acquire(lease.name, 'b', MINUTE)).toMatchObject({ holder: 'b', epoch: 3 });
});

test('a lapsed lease that nobody has taken is renewed with the epoch that it has', async () => {
  const lease = (await leases.acquire(fresh(), 'a', MINUTE))!;
  await lapse(lease.name);
  expect(await leases.renew(lease, MINUTE)).toBe(true);
  expect(await leases.heldBy(lease.name)).toEqual(lease);
});

test('a lease is held for its time and no longer, by the clock of the database', async () => {
  const lease = (await leases.acquire(fresh(), 'a', 2_000))!;
  const [{ left }] = await dataSource.query(
    'select extract(epoch from expires_at - clock_timestamp())::float8 as left from leases where name = $1',
    [lease.name],
  );
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(2);
});

test('a deposed holder can neither renew nor release what is another one’s now', async () => {
  const old = (await leases.acquire(fresh(), 'a', MINUTE))!;
  await lapse(old.name);
  const taken = await leases.acquire(old.name, 'b', MINUTE);
  expect(await leases.renew(old, MINUTE)).toBe(false);
  await leases.release(old);
  expect(await leases.heldBy(old.name)).toEqual(taken);
});

test('a released lease is free at once, and the epoch goes on', async () => {
  const lease = (await leases.acquire(fresh(), 'a', MINUTE))!;
  await leases.release(lease);
  expect(await leases.heldBy(lease.name)).toBeUndefined();
  expect(await leases.renew(lease, MINUTE)).toBe(false);
  expect(await leases.acquire(lease.name, 'b', MINUTE)).toMatchObject({ epoch: 2 });
});

test('one statement renews all that a holder still holds, and what it let lapse where nobody has taken it', async () => {
  const [w, x, y, z, other] = ['many:w', 'many:x', 'many:y', 'many:z', 'else:x'];
  const [released] = await Promise.all([w, x, y, z, other].map((name) => leases.acquire(name, 'a', 1_000)));
  await leases.release(released!);
  await lapse(y);
  await leases.acquire(y, 'b', MINUTE);
  await lapse(z);
  const mine = [x, z].map((name) => ({ name, holder: 'a', epoch: 1 }));
  expect(await leases.renewAll('a', 'many:', MINUTE)).toEqual(mine);
  const held = await leases.list('many:');
  expect(held).toMatchObject([mine[0]!, { name: y, holder: 'b', epoch: 2 }, mine[1]!]);
  for (const { msLeft } of held) expect(msLeft > 0 && msLeft <= MINUTE).toBe(true);
  const [{ left }] = await dataSource.query(
    'select extract(epoch from expires_at - clock_timestamp())::float8 as left from leases where name = $1',
    [other],
  );
  expect(left).toBeLessThanOrEqual(1);
});
