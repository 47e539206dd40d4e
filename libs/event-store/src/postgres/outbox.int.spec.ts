import { Unavailable } from '#contracts/errors.js';
import type { Pool, PoolClient } from 'pg';
import type { DataSource } from 'typeorm';
import { startPostgres, type TestPostgres } from '../../../../test/support/servers.js';
import { revoked } from '../core/event-store.contract.js';
import type { RecordedFact } from '../core/event-store.js';
import type { FactPublisher } from '../core/fact-publisher.js';
import { openLog } from './data-source.js';
import { Outbox, type OutboxOptions } from './outbox.js';
import { PostgresEventStore } from './postgres-event-store.js';

let server: TestPostgres;
let dataSource: DataSource;
let store: PostgresEventStore;
let count = 0;
const fresh = () => `net-${++count}`;

beforeAll(async () => {
  server = await startPostgres();
  dataSource = await openLog({ url: server.url, applicationName: 'outbox test' });
}, 60_000);
beforeEach(async () => {
  await dataSource.query('truncate events, outbox');
  store = new PostgresEventStore(dataSource);
});
afterAll(async () => {
  await Promise.all([dataSource.destroy(), server.stop()]);
});

/** A broker that keeps what it is given, and can be away, slow or wiped. */
class Broker implements FactPublisher {
  published: string[] = [];
  name = 'g1';
  away = false;
  before: (facts: RecordedFact[]) => Promise<void> | void = () => undefined;

  async publish(facts: RecordedFact[]) {
    await this.before(facts);
    if (this.away) throw new Unavailable('broker', 'away');
    this.published.push(...facts.map((fact) => `${fact.stream}:${fact.version}`));
  }
  async generation() {
    if (this.away) throw new Unavailable('broker', 'away');
    return this.name;
  }
  wipe() {
    this.published = [];
    this.name += "'";
  }
}

const outbox = (publisher: FactPublisher, more: Partial<OutboxOptions> = {}) =>
  new Outbox({ dataSource, store, publisher, ...more });
const commit = async (stream: string, facts: number) => {
  const expectedVersion = await store.head(stream);
  const keys = Array.from({ length: facts }, (_, i) => `k${expectedVersion + i}`);
  await store.append([{ stream, expectedVersion, facts: keys.map((key) => revoked(key)) }], []);
};
const poolOf = ({ driver }: DataSource) => (driver as unknown as { master: Pool }).master;
const upTo = (stream: string, last: number, first = 1) =>
  Array.from({ length: last - first + 1 }, (_, i) => `${stream}:${first + i}`);
function gate() {
  let open!: () => void;
  const closed = new Promise<void>((resolve) => (open = resolve));
  return { closed, open };
}

test('pending facts go out in version order, once', async () => {
  const [broker, stream] = [new Broker(), fresh()];
  const box = outbox(broker);
  await commit(stream, 3);
  await box.publishPending(stream);
  await commit(stream, 2);
  await box.publishPending(stream);
  await box.publishPending(stream);
  expect(broker.published).toEqual(upTo(stream, 5));
  expect(await box.lag()).toBe(0);
});

test('what a crash left behind is found by the sweep of any process, over all streams and many pages', async () => {
  const [broker, a, b] = [new Broker(), fresh(), fresh()];
  await commit(a, 1203);
  await commit(b, 2);
  expect(await outbox(broker).lag()).toBe(1205);
  await outbox(broker).publishPending();
  expect(broker.published.filter((name) => name.startsWith(`${a}:`))).toEqual(upTo(a, 1203));
  expect(broker.published.filter((name) => name.startsWith(`${b}:`))).toEqual(upTo(b, 2));
});

test('an absent broker loses nothing: the caller hears of it, and the next try goes on where the last one got to', async () => {
  const [broker, stream] = [new Broker(), fresh()];
  const box = outbox(broker);
  await commit(stream, 2);
  await box.publishPending(stream);
  broker.away = true;
  await commit(stream, 2);
  await expect(box.publishPending(stream)).rejects.toMatchObject({ part: 'broker' });
  await expect(box.publishPending()).rejects.toMatchObject({ part: 'broker' });
  broker.away = false;
  await box.publishPending();
  expect(broker.published).toEqual(upTo(stream, 4));
});

test('a broker that was wiped gets everything again, whichever process notices', async () => {
  const [broker, a, b] = [new Broker(), fresh(), fresh()];
  const [noticing, unaware] = [outbox(broker), outbox(broker)];
  await commit(a, 3);
  await commit(b, 2);
  await noticing.publishPending();
  await unaware.publishPending();
  broker.wipe();
  await commit(a, 1);
  await unaware.publishPending(a);
  expect(broker.published).toEqual([`${a}:4`]);
  await noticing.publishPending();
  expect(broker.published.slice(1).sort()).toEqual([...upTo(a, 4), ...upTo(b, 2)].sort());
  // The unaware one learns from the cursor and neither repeats nor undoes it.
  broker.published = [];
  await commit(a, 1);
  await unaware.publishPending(a);
  await noticing.publishPending();
  expect(broker.published).toEqual([`${a}:5`]);
});

test('from commit to the call of the publisher it takes two round trips', async () => {
  const [broker, stream] = [new Broker(), fresh()];
  const box = outbox(broker);
  await box.publishPending();
  await commit(stream, 1);
  let queries = 0;
  const counted = (client: PoolClient) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    client.query = ((...args: unknown[]) => (queries++, query(...args))) as never;
  };
  const pool = poolOf(dataSource);
  pool.on('acquire', counted);
  let atPublish = 0;
  broker.before = () => void (atPublish = queries);
  await box.publishPending(stream);
  pool.off('acquire', counted);
  expect(atPublish).toBe(2);
  expect(broker.published).toEqual([`${stream}:1`]);
});

test('while another process publishes a stream this one waits, then looks again', async () => {
  const [broker, stream] = [new Broker(), fresh()];
  const [theirs, ours] = [outbox(broker), outbox(broker, { recheckMs: 1 })];
  const [entered, twice, tried, opened] = [gate(), gate(), gate(), gate()];
  let calls = 0;
  broker.before = () => ((++calls === 1 ? entered : twice).open(), opened.closed);
  await commit(stream, 1);
  const their = theirs.publishPending(stream);
  await entered.closed;
  await commit(stream, 1);
  let tries = 0;
  const release = () => ++tries === 3 && tried.open();
  const pool = poolOf(dataSource);
  pool.on('release', release);
  const our = ours.publishPending(stream);
  await Promise.race([tried.closed, twice.closed]);
  pool.off('release', release);
  opened.open();
  await Promise.all([their, our]);
  expect(broker.published).toEqual(upTo(stream, 2));
});

test('two processes publishing under load leave no gap for a reader that drops what is lower', async () => {
  const [broker, stream] = [new Broker(), fresh()];
  const boxes = [outbox(broker, { recheckMs: 1 }), outbox(broker, { recheckMs: 1 })];
  const publishing: Promise<void>[] = [];
  for (let i = 0; i < 60; i++) {
    await commit(stream, 1 + (i % 3));
    publishing.push(boxes[i % 2]!.publishPending(stream));
  }
  await Promise.all(publishing);
  let last = 0;
  for (const name of broker.published) {
    const version = Number(name.split(':')[1]);
    expect(version).toBeLessThanOrEqual(last + 1);
    last = Math.max(last, version);
  }
  expect(last).toBe(await store.head(stream));
});

test('a broker that hangs takes a few connections, not those that commands need', async () => {
  const broker = new Broker();
  const box = outbox(broker);
  const opened = gate();
  let calls = 0;
  const enough = gate();
  broker.before = () => (++calls === 4 && enough.open(), opened.closed);
  const streams = Array.from({ length: 30 }, fresh);
  for (const stream of streams) await commit(stream, 1);
  const publishing = box.publishPending();
  await enough.closed;
  await Promise.all(streams.map((stream) => commit(stream, 1)));
  expect(calls).toBe(4);
  opened.open();
  await publishing;
  await box.publishPending();
  expect(broker.published.sort()).toEqual(streams.flatMap((stream) => upTo(stream, 2)).sort());
});

test('the cursor does not wait for the disk, facts do', async () => {
  const [broker, stream] = [new Broker(), fresh()];
  let during: unknown;
  const pool = poolOf(dataSource);
  const clients: PoolClient[] = [];
  const note = (client: PoolClient) => void clients.push(client);
  await commit(stream, 1);
  pool.on('acquire', note);
  broker.before = async () => {
    during = (await clients.at(-1)!.query(`select current_setting('synchronous_commit') as sync`)).rows;
  };
  await outbox(broker).publishPending(stream);
  pool.off('acquire', note);
  expect(during).toEqual([{ sync: 'off' }]);
  expect((await clients.at(-1)!.query(`select current_setting('synchronous_commit') as sync`)).rows).toEqual([
    { sync: 'on' },
  ]);
});

describe('a started outbox', () => {
  test('publishes after every commit, and what was pending before, until it is stopped', async () => {
    const [broker, stream] = [new Broker(), fresh()];
    await commit(stream, 1);
    const box = outbox(broker, { sweepMs: 1 });
    const three = gate();
    broker.before = (facts) => void (facts.at(-1)!.version === 3 && three.open());
    box.start();
    await commit(stream, 1);
    await commit(stream, 1);
    await three.closed;
    await box.stop();
    expect(broker.published).toEqual(upTo(stream, 3));
    await commit(stream, 1);
    expect(broker.published).toEqual(upTo(stream, 3));
  });

  test('a commit is published at once, without a sweep', async () => {
    const [broker, stream] = [new Broker(), fresh()];
    const box = outbox(broker, { sweepMs: 3_600_000 });
    const [swept, published] = [gate(), gate()];
    broker.generation = async () => (swept.open(), 'g1');
    broker.before = published.open;
    box.start();
    await swept.closed;
    await commit(stream, 1);
    await published.closed;
    await box.stop();
    expect(broker.published).toEqual([`${stream}:1`]);
  });

  test('outlives an outage of the broker, and tells of it once', async () => {
    const [broker, stream] = [new Broker(), fresh()];
    const warnings: string[] = [];
    const box = outbox(broker, { sweepMs: 1, logger: { warn: (_, message) => warnings.push(message) } });
    broker.away = true;
    let tries = 0;
    const tried = gate();
    const generation = broker.generation.bind(broker);
    broker.generation = () => (++tries === 5 && tried.open(), generation());
    box.start();
    await commit(stream, 2);
    await tried.closed;
    const back = gate();
    broker.before = back.open;
    broker.away = false;
    await back.closed;
    await box.stop();
    expect(broker.published).toEqual(upTo(stream, 2));
    expect(warnings).toEqual(['facts not published, will try again']);
  });

  test('is not held up by one stream whose facts the publisher cannot take', async () => {
    const [broker, good, bad] = [new Broker(), fresh(), fresh()];
    const warnings: object[] = [];
    const box = outbox(broker, {
      sweepMs: 1,
      logger: { warn: ({ stream }: { stream?: string }) => warnings.push({ stream }) },
    });
    const [tried, published, mended] = [gate(), gate(), gate()];
    let [refused, broken] = [0, true];
    broker.before = ([fact]) => {
      if (fact!.stream === good) return published.open();
      if (!broken) return mended.open();
      if (++refused === 3) tried.open();
      throw new Error('cannot be said in JSON');
    };
    await commit(bad, 1);
    box.start();
    await tried.closed;
    await commit(good, 1);
    await published.closed;
    broken = false;
    await mended.closed;
    await box.stop();
    expect(warnings).toEqual([{ stream: bad }]);
    expect(broker.published).toEqual([`${good}:1`, `${bad}:1`]);
  });

  test('stops also while another process holds a stream', async () => {
    const [broker, stream] = [new Broker(), fresh()];
    const [entered, opened] = [gate(), gate()];
    broker.before = () => (entered.open(), opened.closed);
    await commit(stream, 1);
    const their = outbox(broker).publishPending(stream);
    await entered.closed;
    const ours = outbox(broker, { recheckMs: 3_600_000 });
    ours.start();
    const our = ours.publishPending(stream);
    await Promise.all([ours.stop(), expect(our).rejects.toMatchObject({ part: 'service' })]);
    opened.open();
    await their;
  });
});
