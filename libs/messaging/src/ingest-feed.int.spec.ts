import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { connectSource, testSource, type TestSource } from '../../../test/support/source-login.js';
import { startTrustedNats, type TrustedNats } from '../../../test/support/trusted-nats.js';
import { until } from '../../../test/support/wait.js';
import type { IngestResult } from '#contracts/sources.js';
import { ingestResultSubject, ingestSubject, STREAMS } from '#contracts/subjects.js';
import type { ServiceConnection } from './connection.js';
import { type HandleIngest, IngestFeed } from './ingest-feed.js';
import { SourceAccounts } from './source-accounts.js';
import { ensureStreams, MOST_WAITING_COMMANDS } from './streams.js';

let broker: TrustedNats;
let service: ServiceConnection;
let accounts: SourceAccounts;
let round = 0;
let feeds: IngestFeed[];
let clients: NatsConnection[];

beforeAll(async () => {
  broker = await startTrustedNats();
  service = await broker.connect('service');
  accounts = new SourceAccounts(broker.trust, await broker.connect('system', broker.trust.systemCredentials));
  await ensureStreams(service, { replicas: 1 });
});
beforeEach(() => {
  round += 1;
  [feeds, clients] = [[], []];
});
afterEach(async () => {
  await Promise.all([...feeds.map((feed) => feed.stop()), ...clients.map((client) => client.close())]);
});
afterAll(() => broker.stop());

const PACE = { burst: 10_000, perSecond: 10_000 };
const accept: HandleIngest = async ({ text }) => ({ result: { id: text, outcome: 'accepted' } });

function feed(handle: HandleIngest = accept, pace = PACE, connection = service): IngestFeed {
  const made = new IngestFeed({ connection, handle, pace });
  feeds.push(made);
  return made;
}

/** A source that is connected and hears its results. */
async function source(word: string) {
  const login: TestSource = await testSource(`${word}-${round}`);
  await accounts.apply([login]);
  const nats = await connectSource(broker.url, login.creds);
  clients.push(nats);
  const results: IngestResult[] = [];
  nats.subscribe(ingestResultSubject(login.name), {
    callback: (_, message) => void results.push(message.json<IngestResult>()),
  });
  await nats.flush();
  const send = (text: string) => nats.publish(ingestSubject(login.name), text);
  return { ...login, nats, results, send, ids: () => results.map(({ id }) => id) };
}

test('what a source sends is answered on its own subject alone, in the order in which it came', async () => {
  const [one, other] = [await source('one'), await source('other')];
  feed().follow([one.name, other.name]);
  for (const text of ['a', 'b', 'c']) one.send(text);
  other.send('x');
  await until('all answers', () => one.results.length === 3 && other.results.length === 1);
  expect([one.ids(), other.ids()]).toEqual([['a', 'b', 'c'], ['x']]);
});

test('replicas share the work, never two at once on one source', async () => {
  const one = await source('shared');
  let under = 0;
  let most = 0;
  const hands = [0, 0];
  const handle =
    (replica: 0 | 1): HandleIngest =>
    async (message) => {
      hands[replica] = (hands[replica] ?? 0) + 1;
      most = Math.max(most, ++under);
      await service.nats.flush();
      under -= 1;
      return accept(message);
    };
  feed(handle(0)).follow([one.name]);
  feed(handle(1), PACE, await broker.connect('replica')).follow([one.name]);
  const texts = Array.from({ length: 40 }, (_, n) => `${n}`);
  for (const text of texts) one.send(text);
  await until('all answers', () => one.results.length >= 40);
  expect(one.ids()).toEqual(texts);
  expect([most, hands.every((count) => count > 0)]).toEqual([1, true]);
});

test('what cannot be answered now comes again, before what follows it; another source is not kept waiting', async () => {
  const [stuck, free] = [await source('stuck'), await source('free')];
  let away = true;
  const handle: HandleIngest = async (message) => {
    if (away && message.source === stuck.name) throw new Error('the log is away');
    return accept(message);
  };
  feed(handle).follow([stuck.name, free.name]);
  for (const text of ['a', 'b']) stuck.send(text);
  await stuck.nats.flush();
  for (let n = 0; n < 20; n++) free.send(`${n}`);
  await until('the free one to be answered', () => free.results.length === 20);
  expect(stuck.results).toEqual([]);
  away = false;
  await until('the stuck one to be answered', () => stuck.results.length === 2);
  expect(stuck.ids()).toEqual(['a', 'b']);
});

test('what is poison is set aside with the reason', async () => {
  const one = await source('poison');
  feed(async ({ text }) => ({ result: { id: null, outcome: 'rejected' }, park: `unreadable ${text}` })).follow([
    one.name,
  ]);
  one.send('rubbish');
  await until('the answer', () => one.results.length === 1);
  const manager = await service.manager();
  const subject = `tombolo.parked.ingest-${one.name}`;
  const parked = await manager.streams.getMessage(STREAMS.parked, { last_by_subj: subject });
  expect(parked?.json()).toEqual({
    subject: ingestSubject(one.name),
    reason: 'unreadable rubbish',
    message: 'rubbish',
  });
});

test('a flood is slowed down to its pace, and refused when too much waits; another source notices nothing', async () => {
  const [flood, calm] = [await source('flood'), await source('calm')];
  feed(accept, { burst: 5, perSecond: 1 }).follow([flood.name, calm.name]);
  const answers = await Promise.all(
    Array.from({ length: MOST_WAITING_COMMANDS + 100 }, (_, n) =>
      flood.nats.request(ingestSubject(flood.name), `${n}`, { timeout: 20_000 }).then((ack) => ack.json<object>()),
    ),
  );
  const refused = answers.filter((ack) => 'error' in ack);
  expect(refused.length).toBeGreaterThanOrEqual(90);
  expect(refused[0]).toMatchObject({ error: { description: 'maximum messages per subject exceeded' } });
  calm.send('x');
  await until('the calm one to be answered', () => calm.results.length === 1);
  expect(flood.results.length).toBeLessThan(30);
});

test('another source cannot make a message vanish by taking its id before', async () => {
  const [one, mallory] = [await source('victim'), await source('mallory')];
  feed().follow([one.name, mallory.name]);
  const same = headers();
  same.set('Nats-Msg-Id', 'guessed');
  mallory.nats.publish(ingestSubject(mallory.name), 'first', { headers: same });
  await until('the answer to mallory', () => mallory.results.length === 1);
  const ask = () => one.nats.request(ingestSubject(one.name), 'mine', { headers: same, timeout: 10_000 });
  await until(
    'the victim to get through',
    async () => (await ask()).json<{ duplicate?: boolean }>().duplicate !== true,
  );
});

test('it goes on when the stream was wiped and made again', async () => {
  const one = await source('wiped');
  feed().follow([one.name]);
  one.send('before');
  await until('the first answer', () => one.results.length === 1);
  await (await service.manager()).streams.delete(STREAMS.ingest);
  await ensureStreams(service, { replicas: 1 });
  const stored = await one.nats.request(ingestSubject(one.name), 'after');
  expect(stored.json()).toMatchObject({ seq: 1 });
  await until('the second answer', () => one.results.length === 2);
});

test('a revoked source is cut off and stays out, and what it had waiting is dropped', async () => {
  const one = await source('gone');
  one.send('waiting');
  await one.nats.flush();
  const events: string[] = [];
  void (async () => {
    for await (const { type } of one.nats.status()) events.push(type);
  })();
  await accounts.apply([{ ...one, revoked: true }]);
  await until('it to be cut off', () => events.includes('disconnect'));
  await expect(connectSource(broker.url, one.creds)).rejects.toThrow(/authorization/i);
  const made = feed();
  await made.forget(one.name);
  await made.forget(one.name);
  made.follow([one.name]);
  service.nats.publish(ingestSubject(one.name), 'marker');
  const heard: string[] = [];
  service.nats.subscribe(ingestResultSubject(one.name), {
    callback: (_, message) => void heard.push(message.string()),
  });
  service.nats.publish(ingestSubject(one.name), 'another');
  await until('what came later', () => heard.some((text) => text.includes('another')));
  expect(heard.some((text) => text.includes('waiting'))).toBe(false);
});
