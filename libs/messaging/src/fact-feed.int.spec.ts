import type { MsgHdrs } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startTrustedNats, testNodeId, type TrustedNats } from '../../../test/support/trusted-nats.js';
import { until } from '../../../test/support/wait.js';
import { Unavailable } from '#contracts/errors.js';
import type { AnyFact, RecordedFact } from '#contracts/facts.js';
import { eventSubject, STREAMS } from '#contracts/subjects.js';
import { MemoryEventStore } from '#event-store/memory/memory-event-store.js';
import { TIMEOUTS } from '#event-store/postgres/data-source.js';
import { headersOf } from './acked-publisher.js';
import type { ServiceConnection } from './connection.js';
import { toCloudEvent } from './fact-cloud-event.js';
import { type FactFeed, type FactFeedOptions, followFacts } from './fact-feed.js';
import { GIVE_UP_AFTER_MS, JetStreamFactPublisher, provenFact } from './fact-publisher.js';
import { MAC_HEADER } from './service-mac.js';
import { ensureStreams } from './streams.js';

let broker: TrustedNats;
let connection: ServiceConnection;
let store: MemoryEventStore;
let publisher: JetStreamFactPublisher;
let network: string;
let heard: RecordedFact[];
const feeds: FactFeed[] = [];

beforeAll(async () => {
  broker = await startTrustedNats();
  connection = await broker.connect('service');
  await ensureStreams(connection, { replicas: 1 });
});
beforeEach(() => {
  store = new MemoryEventStore();
  publisher = new JetStreamFactPublisher(connection, store);
  network = testNodeId();
  heard = [];
});
afterEach(() => Promise.all(feeds.splice(0).map((feed) => feed.stop())));
afterAll(() => broker.stop());

function follow(options: Partial<FactFeedOptions> = {}): FactFeed {
  const onFacts = (_: string, facts: RecordedFact[]) => void heard.push(...facts);
  // Without comparisons, unless a test is about them.
  const feed = followFacts({
    connection,
    store,
    service: 'test',
    from: new Map(),
    onFacts,
    compareEveryMs: 3_600_000,
    ...options,
  });
  feeds.push(feed);
  return feed;
}

/** Appends facts to the network's stream (the first one creates it), without telling the broker. */
async function append(count: number): Promise<RecordedFact[]> {
  const head = await store.head(network);
  const facts = Array.from({ length: count }, (_, index): AnyFact => {
    const created = { networkId: network, name: 'demo', cidr: '10.90.0.0/16', cidr6: null };
    const settings = { model: 'flat', mtu: 1420, keepalive: 25, defaultPolicy: 'allow' } as const;
    if (head + index === 0) return { type: 'NetworkCreated', data: { ...created, ...settings } };
    return { type: 'NodeDisabled', data: { nodeId: `node-${head + index + 1}` } };
  });
  const metadata = { actor: 'service/test', commandId: `command-${head}`, at: '2026-11-21T05:00:00.000Z' };
  const parts = [{ stream: network, expectedVersion: head, facts: facts.map((fact) => ({ ...fact, metadata })) }];
  return store.append(parts, []);
}

const versions = () => heard.filter((fact) => fact.stream === network).map((fact) => fact.version);
const upTo = (n: number) => Array.from({ length: n }, (_, index) => index + 1);

/** Publishes facts past the stream, in any order: what a confused or repeating publisher would do. */
function send(facts: RecordedFact[]): void {
  for (const fact of facts) {
    const { subject, data, headers } = provenFact(connection, fact, 'demo');
    connection.nats.publish(subject, data, { headers });
  }
}

describe('the publisher', () => {
  test('stores facts in order under their network and type, each once', async () => {
    const facts = await append(50);
    await publisher.publish(facts);
    await publisher.publish(facts);
    const manager = await connection.manager();
    const info = await manager.streams.info(STREAMS.events, { subjects_filter: 'tombolo.events.demo.>' });
    expect(info.state.subjects).toEqual({
      'tombolo.events.demo.NetworkCreated': 1,
      'tombolo.events.demo.NodeDisabled': 49,
    });
    const last = await manager.streams.getMessage(STREAMS.events, { seq: info.state.last_seq });
    expect(last?.json()).toMatchObject({ id: `${network}:50`, version: 50, subject: 'demo' });
    expect(last?.header.get('Nats-Msg-Id')).toBe(`${network}:50`);
  });

  test('gives up as Unavailable while the broker is away, within the time the outbox has', async () => {
    const lonely = await startTrustedNats();
    const other = await lonely.connect();
    // No stream takes the subject.
    await expect(new JetStreamFactPublisher(other, store).publish(await append(1))).rejects.toBeInstanceOf(Unavailable);
    // The outbox publishes inside a transaction, which the database ends after this.
    expect(GIVE_UP_AFTER_MS).toBeLessThan(TIMEOUTS.idle_in_transaction_session_timeout);
    await lonely.stop();
  }, 60_000);
});

describe('the feed', () => {
  test('delivers what is published, in order and once, also when it comes twice and shuffled', async () => {
    follow();
    const facts = await append(6);
    send([facts[0]!, facts[0]!, facts[2]!, facts[1]!, facts[5]!, facts[4]!, facts[3]!, ...facts]);
    await until('all arrived', () => versions().length >= 6);
    await publisher.publish(await append(1));
    await until('the next one arrived', () => versions().length >= 7);
    expect(versions()).toEqual(upTo(7));
    expect(heard).toEqual(await store.read(network));
  });

  test('begins after what is already known', async () => {
    await append(5);
    follow({ from: new Map([[network, 3]]) });
    await until('the rest is read', () => versions().length === 2);
    expect(versions()).toEqual([4, 5]);
  });

  test('reads from the log what never came', async () => {
    follow();
    const facts = await append(4);
    send([facts[3]!]);
    await until('the gap is filled', () => versions().length === 4);
    expect(versions()).toEqual(upTo(4));
  });

  test('finds a lost tail by comparing with the log', async () => {
    follow({ compareEveryMs: 20 });
    await append(3);
    await until('the tail is found', () => versions().length === 3);
    expect(versions()).toEqual(upTo(3));
  });

  test('believes nothing that no service proves, whoever sends it; what is in the log comes from there', async () => {
    follow();
    const facts = await append(2);
    send([facts[0]!]);
    await until('the first arrived', () => versions().length === 1);
    const made: RecordedFact = { ...facts[1]!, type: 'NodeRemoved', data: { nodeId: 'node-2', reason: 'operator' } };
    const real = provenFact(connection, facts[1]!, 'demo');
    const forgeries: [string, string, MsgHdrs?][] = [
      [eventSubject('demo', made.type), toCloudEvent(made, 'demo')],
      [eventSubject('demo', made.type), toCloudEvent(made, 'demo'), real.headers],
      // A fact of its own, which the broker tells elsewhere.
      [eventSubject('other', facts[1]!.type), real.data as string, real.headers],
      [
        eventSubject('demo', made.type),
        toCloudEvent({ ...made, version: 9 }, 'demo'),
        headersOf({ [MAC_HEADER]: 'x' }),
      ],
    ];
    const before = connection.distrust.count('fact', 'forged');
    for (const [subject, body, headers] of forgeries)
      connection.nats.publish(subject, body, { ...(headers && { headers }) });
    await until('it is read from the log', () => versions().length === 2);
    await until('all are counted', () => connection.distrust.count('fact', 'forged') === before + forgeries.length);
    expect(heard).toEqual(facts);
  });

  test('goes on after the broker died', async () => {
    follow();
    await publisher.publish(await append(2));
    process.kill(broker.server.pid, 'SIGKILL');
    await append(1);
    await broker.restart();
    await until('what happened meanwhile is found', () => versions().length === 3);
    await publisher.publish(await append(1));
    await until('it hears again', () => versions().length === 4);
    expect(versions()).toEqual(upTo(4));
  });

  test('parks what is no fact, and goes on', async () => {
    const feed = follow({ service: 'parker' });
    const [subject, body] = ['tombolo.events.demo.Rubbish', '{"specversion":'];
    const proof = connection.mac.prove({ kind: 'fact', subject, body });
    connection.nats.publish(subject, body, { headers: headersOf({ [MAC_HEADER]: proof }) });
    send(await append(1));
    await until('the fact arrived', () => versions().length === 1);
    expect(feed.unreadable).toBe(1);
    expect(await parkedBy('parker')).toMatchObject({
      subject: 'tombolo.events.demo.Rubbish',
      reason: 'the event is not JSON',
      message: '{"specversion":',
    });
  });

  test('parks the one fact that its handler cannot take, and delivers the others', async () => {
    const onFacts = (_: string, facts: RecordedFact[]) => {
      if (facts.some((fact) => fact.version === 3)) throw new Error('no place for three');
      heard.push(...facts);
    };
    await append(5);
    follow({ service: 'picky', onFacts });
    await until('the others are delivered', () => versions().length === 4);
    expect(versions()).toEqual([1, 2, 4, 5]);
    expect(await parkedBy('picky')).toMatchObject({ subject: `${network}:3`, reason: 'no place for three' });
  });

  test('tries again while a part is away: nothing is skipped', async () => {
    let failures = 0;
    const onFacts = async (_: string, facts: RecordedFact[]) => {
      if (failures++ < 3) throw new Unavailable('log', 'database away');
      heard.push(...facts);
    };
    follow({ onFacts });
    await publisher.publish(await append(3));
    await until('all are delivered', () => versions().length === 3);
    expect(versions()).toEqual(upTo(3));
  });
});

async function parkedBy(service: string): Promise<unknown> {
  const manager = await connection.manager();
  const query = { last_by_subj: `tombolo.parked.${service}` };
  const stored = await until('it is parked', () => manager.streams.getMessage(STREAMS.parked, query));
  return stored.json();
}
