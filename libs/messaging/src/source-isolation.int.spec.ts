import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { errors, headers, type NatsConnection } from '@nats-io/transport-node';
import { jetStreamSubjects, SYSTEM_SUBJECTS } from '../../../test/support/broker-subjects.js';
import { connectSource, testSource, type TestSource } from '../../../test/support/source-login.js';
import { startTrustedNats, testNodeLogin, type TrustedNats } from '../../../test/support/trusted-nats.js';
import { until } from '../../../test/support/wait.js';
import { STREAMS } from '#contracts/subjects.js';
import { connectAgent } from './agent-connection.js';
import type { ServiceConnection } from './connection.js';
import { SourceAccounts } from './source-accounts.js';
import { ensureStreams } from './streams.js';

/**
 * A source's credentials in an intruder's hands, with a client of its own making: M is the intruder, made for network
 * `own`; V is another source that runs and hears network `demo`. Nothing read, nothing written, nobody disturbed.
 */
let broker: TrustedNats;
let service: ServiceConnection;
let accounts: SourceAccounts;
let M: TestSource;
let V: TestSource;
let m: NatsConnection;
let v: NatsConnection;
const violations: string[] = [];
const heardByV: string[] = [];
const heardByServices: string[] = [];
const NODE = '019770d8-0002-7000-8000-000000000001';

beforeAll(async () => {
  broker = await startTrustedNats();
  service = await broker.connect('service');
  accounts = new SourceAccounts(broker.trust, await broker.connect('system', broker.trust.systemCredentials));
  await ensureStreams(service, { replicas: 1 });
  [M, V] = [await testSource('mallory', ['own']), await testSource('victim', ['demo'])];
  await accounts.apply([M, V]);
  [m, v] = [await connectSource(broker.url, M.creds), await connectSource(broker.url, V.creds)];
  void (async () => {
    for await (const event of m.status())
      if (event.type === 'error' && event.error instanceof errors.PermissionViolationError)
        violations.push(`${event.error.operation} ${event.error.subject}`);
  })();
  for (const subject of ['tombolo.ingest-results.victim', 'tombolo.events.>'])
    v.subscribe(subject, { callback: (_, message) => void heardByV.push(message.subject) });
  service.nats.subscribe('>', { callback: (_, message) => void heardByServices.push(message.subject) });
  await Promise.all([v.flush(), service.nats.flush()]);
});
afterAll(async () => {
  await Promise.all([m.close(), v.close()]);
  await broker.stop();
});

/** Everything that the streams hold. */
async function stored(): Promise<unknown> {
  const manager = await service.manager();
  const infos = await Promise.all(Object.values(STREAMS).map((name) => manager.streams.info(name)));
  return infos.map(({ config, state }) => [config.name, state.last_seq, state.messages, state.num_deleted]);
}

test('its own subjects work: ingest with the broker’s word, results, the facts of its networks', async () => {
  const heard: string[] = [];
  for (const subject of ['tombolo.ingest-results.mallory', 'tombolo.events.own.>'])
    m.subscribe(subject, { callback: (_, message) => void heard.push(message.subject) });
  await m.flush();
  const ack = await m.request('tombolo.ingest.mallory', '{}', { timeout: 2_000 });
  expect(ack.json()).toMatchObject({ stream: STREAMS.ingest });
  service.nats.publish('tombolo.ingest-results.mallory', '{}');
  service.nats.publish('tombolo.events.own.NodeEnrolled', '{}');
  await until('both', () => heard.length === 2);
  expect(heard.sort()).toEqual(['tombolo.events.own.NodeEnrolled', 'tombolo.ingest-results.mallory']);
});

describe('nothing written: it may not publish to', () => {
  const others = [
    'tombolo.ingest.victim',
    'tombolo.ingest.mallory.more',
    'tombolo.ingest.mallor',
    'tombolo.ingest.system',
    'tombolo.ingest-results.victim',
    'tombolo.ingest-results.mallory',
    'tombolo.events.own.NodeRemoved',
    'tombolo.events.demo.NodeRemoved',
    'tombolo.events.system.ApiTokenCreated',
    `tombolo.nodes.${NODE}.full`,
    `tombolo.nodes.${NODE}.delta.1`,
    `tombolo.live.${NODE}.full`,
    `tombolo.reports.${NODE}.applied`,
    'tombolo.commands.gateway-manager.gateway.create',
    'tombolo.commands.relay-planner.relay.set',
    'tombolo.checkpoints.own',
    'tombolo.parked.ingest-victim',
    '_INBOX.x',
  ];
  test('any subject of others, any call of the JetStream API, anything of the broker’s own', async () => {
    const subjects = [...others, ...jetStreamSubjects(`source-${V.name}`), ...SYSTEM_SUBJECTS];
    const before = await stored();
    await service.nats.flush();
    [violations, heardByV, heardByServices].forEach((list) => (list.length = 0));
    for (const subject of subjects) m.publish(subject, '{}', { reply: '_INBOX.answer' });
    await m.flush();
    await until('all to be refused', () => violations.length >= subjects.length);
    expect([...violations].sort()).toEqual(subjects.map((subject) => `publish ${subject}`).sort());
    await Promise.all([service.nats.flush(), v.flush()]);
    expect([heardByV, heardByServices]).toEqual([[], []]);
    expect(await stored()).toEqual(before);
  });
});

describe('nothing read', () => {
  test.each([
    'tombolo.ingest.victim',
    'tombolo.ingest.>',
    'tombolo.ingest-results.victim',
    'tombolo.ingest-results.*',
    'tombolo.ingest-results.>',
    `tombolo.nodes.${NODE}.full`,
    'tombolo.nodes.>',
    'tombolo.live.>',
    'tombolo.reports.>',
    'tombolo.commands.>',
    'tombolo.checkpoints.>',
    'tombolo.parked.>',
    '>',
    '*.>',
    '$JS.>',
    'CTLJS.>',
    '$SYS.>',
  ])('it may not subscribe to %s', async (subject) => {
    for (const queue of [undefined, 'group']) {
      violations.length = 0;
      m.subscribe(subject, { ...(queue && { queue }), callback: () => undefined });
      await m.flush();
      await until('it to be refused', () => violations.length > 0);
      expect(violations).toEqual([`subscription ${subject}`]);
    }
  });

  test('what it may subscribe to brings nothing of other networks, the system’s stream included', async () => {
    const heard: string[] = [];
    for (const subject of ['tombolo.events.>', 'tombolo.events.demo.>', 'tombolo.events.system.>', '_INBOX.>'])
      m.subscribe(subject, { callback: (error, message) => void (error ?? heard.push(message.subject)) });
    await m.flush();
    for (const network of ['demo', 'system', 'own']) service.nats.publish(`tombolo.events.${network}.Fact`, '{}');
    service.nats.publish('_INBOX.of-a-service', 'secret');
    v.publish('tombolo.ingest.victim', '{}', { reply: '_INBOX.of-the-victim' });
    await Promise.all([service.nats.flush(), v.flush()]);
    await until('its own fact', () => heard.includes('tombolo.events.own.Fact'));
    expect([...new Set(heard)]).toEqual(['tombolo.events.own.Fact']);
  });
});

test('the broker answers onto a subject of its choice: nobody else hears it, nothing is stored', async () => {
  const subjects = [
    'tombolo.ingest-results.victim',
    'tombolo.events.demo.NodeRemoved',
    'tombolo.ingest.victim',
    `tombolo.nodes.${NODE}.full`,
    `tombolo.live.${NODE}.full`,
    `tombolo.reports.${NODE}.applied`,
    'tombolo.commands.relay-planner.relay.set',
    `$JS.API.STREAM.PURGE.${STREAMS.nodes}`,
    '$SYS.REQ.CLAIMS.UPDATE',
  ];
  const manager = await service.manager();
  const count = async () => (await manager.streams.info(STREAMS.ingest)).state.messages;
  const before = await count();
  [heardByV, heardByServices].forEach((list) => (list.length = 0));
  for (const reply of subjects) m.publish('tombolo.ingest.mallory', '{}', { reply });
  await m.request('tombolo.ingest.mallory', '{}', { timeout: 2_000 });
  expect(await count()).toBe(before + subjects.length + 1);
  expect(heardByV).toEqual([]);
  expect(heardByServices.filter((subject) => subjects.includes(subject))).toEqual([]);
});

test('headers that mean something to a stream do nothing to others’ messages', async () => {
  const nodes = await service.manager().then((manager) => manager.streams.info(STREAMS.ingest));
  for (const [name, value] of [
    ['Nats-Rollup', 'all'],
    ['Nats-Rollup', 'sub'],
    ['Nats-Expected-Last-Sequence', '0'],
    ['Nats-Expected-Stream', STREAMS.nodes],
  ] as const) {
    const bent = headers();
    bent.set(name, value);
    const ack = await m.request('tombolo.ingest.mallory', '{}', { headers: bent, timeout: 2_000 });
    expect(ack.json()).toMatchObject({ error: { code: expect.any(Number) } });
  }
  const after = await service.manager().then((manager) => manager.streams.info(STREAMS.ingest));
  expect(after.state.messages).toBe(nodes.state.messages);
});

test('more than it may: a larger message and more connections are refused', async () => {
  const own = await connectSource(broker.url, M.creds);
  const cutOff = new Promise<void>((resolve) => {
    void (async () => {
      for await (const { type } of own.status()) if (type === 'disconnect') resolve();
    })();
  });
  expect(own.info?.max_payload).toBe(262_144);
  // A client of its own making does not look at what the broker announced.
  if (own.info) own.info.max_payload = 10_000_000;
  own.publish('tombolo.ingest.mallory', 'x'.repeat(300_000));
  await cutOff;
  const { state } = await service.manager().then((manager) => manager.streams.info(STREAMS.ingest));
  expect(state.bytes).toBeLessThan(300_000);
  await own.close();
  const many: NatsConnection[] = [];
  const another = () => connectSource(broker.url, M.creds).then((one) => void many.push(one));
  // With the intruder's own that makes the eight that a source may have.
  for (let n = 0; n < 7; n++) await another();
  await expect(another()).rejects.toThrow();
  await Promise.all(many.map((one) => one.close()));
});

test('a node and a source cannot reach each other', async () => {
  const login = await testNodeLogin(broker.trust);
  const agent = connectAgent({ urls: [broker.url], ...login });
  await until('the agent to connect', () => agent.status === 'connected');
  heardByV.length = 0;
  agent.report({ kind: 'resync', body: { epoch: 1, revision: 1, reason: 'gap' } });
  await until('the report', () => heardByServices.includes(`tombolo.reports.${login.nodeId}.resync`));
  expect(heardByV).toEqual([]);
  await agent.close();
});
