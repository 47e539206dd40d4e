import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { encodeUser } from '@nats-io/jwt';
import { connect, errors, headers, type NatsConnection } from '@nats-io/transport-node';
import { jetStreamSubjects, SYSTEM_SUBJECTS } from '../../../test/support/broker-subjects.js';
import { DesiredState, HeldState, testPeer } from '../../../test/support/desired-state.js';
import { TestNodes } from '../../../test/support/known-nodes.js';
import { startTrustedNats, testNodeLogin, type TrustedNats } from '../../../test/support/trusted-nats.js';
import { until } from '../../../test/support/wait.js';
import { STREAMS } from '#contracts/subjects.js';
import { type AgentConnection, connectAgent } from './agent-connection.js';
import { connectionOptions, jwtLogin } from './broker-login.js';
import type { ServiceConnection } from './connection.js';
import { NodeStreamWriter } from './node-stream.js';
import { createUserKey, nativeSigner } from './nkeys.js';
import type { ReportSigner } from './report-proof.js';
import { type NodeReport, ReportFeed } from './reports.js';
import { ensureStreams } from './streams.js';

/**
 * A node's credentials in an intruder's hands, against another node: nothing read, nothing written, nothing believed.
 * A is the intruder, with everything its own login allows and a client of its own making; B is a node that runs.
 */
let broker: TrustedNats;
let service: ServiceConnection;
let a: NatsConnection;
let A: string;
let B: string;
let desiredA: DesiredState;
let desiredB: DesiredState;
let signerA: ReportSigner;
let agentB: AgentConnection;
const stateB = new HeldState();
let followB: ReturnType<AgentConnection['follow']>;
const violations: string[] = [];
const reports: NodeReport[] = [];

beforeAll(async () => {
  broker = await startTrustedNats();
  service = await broker.connect('service');
  await ensureStreams(service, { replicas: 1 });
  const writer = new NodeStreamWriter(service, broker.trust.sealing.privateKey);
  [desiredA, desiredB] = [new DesiredState(writer), new DesiredState(writer)];
  [A, B] = [desiredA.nodeId, desiredB.nodeId];
  for (const desired of [desiredA, desiredB]) {
    desired.change([testPeer(1)]);
    await desired.full();
    await desired.delta([testPeer(2)]);
  }
  agentB = connectAgent({ urls: [broker.url], ...(await testNodeLogin(broker.trust, B, desiredB.keys)) });
  const opener = desiredB.opener(broker.trust.sealing.publicKey);
  followB = agentB.follow({ opener, held: stateB.held, onMessage: stateB.onMessage });
  await until('B holds its state', () => followB.level && stateB.digest === desiredB.digest);
  const nodes = new TestNodes(
    { nodeId: A, controlKey: desiredA.keys.publicKey },
    { nodeId: B, controlKey: desiredB.keys.publicKey },
  );
  const sealingKey = broker.trust.sealing.privateKey;
  const feed = new ReportFeed({ connection: service, sealingKey, nodes, service: 'isolation' });
  feed.onReport((report) => reports.push(report));
  const login = await testNodeLogin(broker.trust, A, desiredA.keys);
  signerA = login.signer;
  a = await intruder(login);
});
afterAll(async () => {
  await Promise.all([a.close(), agentB.close()]);
  await broker.stop();
});

async function intruder(login: { jwt: string; nkeySeed: string }): Promise<NatsConnection> {
  const authenticator = jwtLogin(() => login.jwt, login.nkeySeed);
  const nats = await connect({
    ...connectionOptions({ urls: [broker.url] }),
    authenticator,
    inboxPrefix: `_INBOX.${A}`,
  });
  void (async () => {
    for await (const event of nats.status())
      if (event.type === 'error' && event.error instanceof errors.PermissionViolationError)
        violations.push(`${event.error.operation} ${event.error.subject}`);
  })();
  return nats;
}

/** What the broker has refused since the list was cleared. */
async function refusals(): Promise<string[]> {
  await until('the broker refuses it', () => violations.length > 0, 2_000).catch(() => undefined);
  return violations;
}

const RESYNC = JSON.stringify({ epoch: 1, revision: 1, reason: 'gap' });
const signedByA = () => signerA.headers(`tombolo.reports.${A}.resync`, RESYNC);
const directGet = (subject: string) => `CTLJS.DIRECT.GET.${STREAMS.nodes}.${subject}`;
const full = (node: string) => `tombolo.nodes.${node}.full`;

/** Everything that the control account's streams hold; reading it proves that nothing was written. */
async function stored(): Promise<unknown> {
  const manager = await service.manager();
  const infos = await Promise.all(Object.values(STREAMS).map((name) => manager.streams.info(name)));
  return infos.map(({ config, state }) => [config.name, state.last_seq, state.messages, state.num_deleted]);
}

test('its own subjects work: live, stored, missing and reports', async () => {
  const live: string[] = [];
  a.subscribe(`tombolo.live.${A}.>`, { callback: (_, message) => void live.push(message.subject) });
  await a.flush();
  await desiredA.delta([testPeer(3)]);
  await until('the delta came live', () => live.length === 1);
  expect(live).toEqual([`tombolo.live.${A}.delta.3`]);
  const answer = await a.request(directGet(full(A)), '', { timeout: 2_000 });
  expect(answer.headers?.get('Nats-Subject')).toBe(full(A));
  const missing = await a.request(directGet(`tombolo.nodes.${A}.delta.99`), '', { timeout: 2_000 });
  expect(missing.headers?.code).toBe(404);
  a.publish(`tombolo.reports.${A}.resync`, RESYNC, { headers: signedByA() });
  await until('the report came', () => reports.some((report) => report.nodeId === A));
});

describe('nothing read: it may not subscribe to', () => {
  test.each([
    'tombolo.nodes.B.>',
    'tombolo.live.B.>',
    'tombolo.live.B.full',
    'tombolo.live.*.full',
    'tombolo.live.>',
    'tombolo.live.*.>',
    'tombolo.nodes.>',
    'tombolo.reports.B.>',
    'tombolo.reports.A.>',
    'tombolo.reports.>',
    'tombolo.events.>',
    'tombolo.ingest.>',
    'tombolo.ingest-results.>',
    'tombolo.parked.>',
    'tombolo.checkpoints.>',
    'tombolo.commands.>',
    '_INBOX.B.>',
    '_INBOX.>',
    '_INBOX.*.>',
    '>',
    '*.>',
    'CTLJS.>',
    '$JS.>',
    '$SYS.>',
  ])('%s', async (template) => {
    const subject = named(template);
    for (const queue of [undefined, 'group']) {
      const got: unknown[] = [];
      violations.length = 0;
      a.subscribe(subject, {
        ...(queue ? { queue } : {}),
        callback: (error, message) => void (error ?? got.push(message)),
      });
      await desiredB.full();
      await a.flush();
      expect(await refusals()).toEqual([`subscription ${subject}`]);
      expect(got).toEqual([]);
    }
  });
});

describe('nothing written: it may not publish to', () => {
  test.each([
    'tombolo.nodes.B.full',
    'tombolo.nodes.B.delta.3',
    'tombolo.nodes.A.full',
    'tombolo.live.B.full',
    'tombolo.live.A.full',
    'tombolo.reports.B.applied',
    'tombolo.events.demo.NodeRemoved',
    'tombolo.ingest.demo',
    'tombolo.parked.demo',
    'tombolo.checkpoints.demo',
    'tombolo.commands.relay-planner.x',
    '_INBOX.B.x',
    '_INBOX.A.x',
    'CTLJS.DIRECT.GET.TOMBOLO_NODES',
    'CTLJS.DIRECT.GET.TOMBOLO_NODES.tombolo.nodes.B.full',
    'CTLJS.DIRECT.GET.TOMBOLO_EVENTS.tombolo.events.demo.NodeRemoved',
    'CTLJS.STREAM.INFO.TOMBOLO_NODES',
    '$JS.API.DIRECT.GET.TOMBOLO_NODES.tombolo.nodes.B.full',
    '$JS.API.DIRECT.GET.TOMBOLO_NODES.tombolo.nodes.A.full',
    '$JS.API.INFO',
    '$JS.API.STREAM.INFO.TOMBOLO_NODES',
    '$JS.API.STREAM.MSG.GET.TOMBOLO_NODES',
    '$JS.API.STREAM.PURGE.TOMBOLO_NODES',
    '$JS.API.STREAM.DELETE.TOMBOLO_NODES',
    '$JS.API.STREAM.CREATE.MINE',
    '$JS.API.CONSUMER.CREATE.TOMBOLO_NODES',
    '$JS.API.CONSUMER.DURABLE.CREATE.TOMBOLO_NODES.mine',
    '$JS.API.CONSUMER.MSG.NEXT.TOMBOLO_NODES.mine',
    '$JS.ACK.TOMBOLO_NODES.mine.1.1.1.1.0',
    '$SYS.REQ.CLAIMS.UPDATE',
    '$SYS.REQ.SERVER.PING',
    '$SYS.REQ.ACCOUNT.PING.CONNZ',
  ])('%s', async (template) => {
    const subject = named(template);
    const before = await stored();
    violations.length = 0;
    reports.length = 0;
    a.publish(subject, RESYNC);
    await a.flush();
    expect(await refusals()).toEqual([`publish ${subject}`]);
    expect(await stored()).toEqual(before);
    expect(reports.filter((report) => report.nodeId !== A)).toEqual([]);
  });

  test('any call of the JetStream API about any stream, anything of the broker’s own, anything of a source', async () => {
    const own = `DIRECT.GET.${STREAMS.nodes}.tombolo.nodes.${A}.`;
    const subjects = [
      ...jetStreamSubjects().filter((subject) => !subject.startsWith(`CTLJS.${own}`)),
      ...Object.values(STREAMS).map((stream) => `CTLJS.DIRECT.GET.${stream}.tombolo.nodes.${B}.full`),
      ...SYSTEM_SUBJECTS,
      'tombolo.ingest-results.demo',
      'tombolo.commands.gateway-manager.gateway.create',
    ];
    const before = await stored();
    violations.length = 0;
    for (const subject of subjects) a.publish(subject, RESYNC, { reply: `_INBOX.${A}.answer` });
    await a.flush();
    await until('all to be refused', () => violations.length >= subjects.length);
    expect([...violations].sort()).toEqual(subjects.map((subject) => `publish ${subject}`).sort());
    expect(await stored()).toEqual(before);
  });

  test('a subject that only begins like its own', async () => {
    violations.length = 0;
    a.publish(`tombolo.reports.${A}x.applied`, '{}');
    await a.flush();
    expect(await refusals()).toHaveLength(1);
  });
});

describe('its own Direct Get, bent', () => {
  test.each([
    ['last_by_subj', () => ({ last_by_subj: full(B) })],
    ['next_by_subj', () => ({ seq: 1, next_by_subj: full(B) })],
    ['seq', () => ({ seq: 1 })],
    ['multi_last', () => ({ multi_last: [full(B)], batch: 10 })],
    ['batch', () => ({ seq: 1, batch: 100 })],
  ])('with a question about B in its payload, it gets nothing of B: %s', async (_, payload) => {
    const answers: (string | undefined)[] = [];
    const inbox = `_INBOX.${A}.bent.${answers.length}`;
    const sub = a.subscribe(inbox, {
      callback: (__, message) => void answers.push(message.headers?.get('Nats-Subject')),
    });
    a.publish(directGet(full(A)), JSON.stringify(payload()), { reply: inbox });
    await until('an answer', () => answers.length > 0);
    sub.unsubscribe();
    expect(answers.filter((subject) => subject?.includes(B))).toEqual([]);
  });

  test.each([
    'tombolo.nodes.B.full',
    'tombolo.nodes.B.delta.3',
    'tombolo.events.demo.NodeRemoved',
    'tombolo.ingest.demo',
    'tombolo.reports.B.applied',
    'tombolo.commands.relay-planner.x',
    '$JS.API.STREAM.PURGE.TOMBOLO_NODES',
    '$JS.API.STREAM.DELETE.TOMBOLO_NODES',
    '$SYS.REQ.CLAIMS.UPDATE',
    `CTLJS.DIRECT.GET.TOMBOLO_NODES.tombolo.nodes.B.full`,
  ])('the broker answers onto another subject: nothing is stored and nobody hears it: %s', async (template) => {
    const before = await stored();
    reports.length = 0;
    const heard: string[] = [];
    const sub = service.nats.subscribe('>', { callback: (__, message) => void heard.push(message.subject) });
    await service.nats.flush();
    await answerOnto(named(template));
    expect(await stored()).toEqual(before);
    expect(reports.filter((report) => report.nodeId !== A)).toEqual([]);
    expect(heard.filter((subject) => subject === named(template))).toEqual([]);
    sub.unsubscribe();
  });

  // Inside the agents' account the broker lets this through: here the seal has to hold.
  test.each(['tombolo.live.B.full', 'tombolo.live.B.delta.3'])(
    'the broker answers onto %s: B hears it and believes nothing',
    async (template) => {
      const folded = [...stateB.folded];
      const { digest } = stateB;
      const before = followB.unreadable;
      await answerOnto(named(template));
      await until('B has heard it', () => followB.unreadable > before);
      expect(stateB.digest).toBe(digest);
      expect(stateB.folded).toEqual(folded);
      await desiredB.delta([testPeer(9, desiredB.revision)]);
      await until('B follows its controller', () => stateB.digest === desiredB.digest);
      expect(stateB.folded).toEqual([...folded, `delta 1.${desiredB.revision}`]);
    },
  );

  /** Makes the broker send A's own message with a reply subject of A's choice, rollup and all. */
  async function answerOnto(subject: string): Promise<void> {
    const rollup = headers();
    rollup.set('Nats-Rollup', 'sub');
    a.publish(directGet(full(A)), '', { reply: subject, headers: rollup });
    a.publish(directGet(`tombolo.nodes.${A}.delta.2`), '', { reply: subject });
    a.publish(`tombolo.reports.${A}.resync`, RESYNC, { reply: subject, headers: signedByA() });
    await a.flush();
    // The broker answers within this: a request of A's own, sent after, has its answer.
    await a.request(directGet(full(A)), '', { timeout: 2_000 });
  }
});

describe('logins', () => {
  test('the key that makes nodes can make nothing else', async () => {
    const key = createUserKey();
    const { agents } = broker.trust;
    const rights = { pub: { allow: ['>'] }, sub: { allow: ['>'] }, issuer_account: agents.key.publicKey };
    const jwt = await encodeUser('mallory', key.publicKey, nativeSigner(agents.signing.seed), rights);
    await expect(intruder({ jwt, nkeySeed: key.seed })).rejects.toThrow(/authorization/i);
  });

  test('a login is worth nothing without the key it was made for', async () => {
    const { jwt } = await testNodeLogin(broker.trust, B);
    await expect(intruder({ jwt, nkeySeed: createUserKey().seed })).rejects.toThrow(/authorization/i);
  });

  test('a login signed by somebody else is refused', async () => {
    const stranger = await startTrustedNats();
    await expect(intruder(await testNodeLogin(stranger.trust, B))).rejects.toThrow(/authorization/i);
    await stranger.stop();
  });
});

const named = (template: string) => template.replace(/\bB\b/, B).replace(/\bA\b/, A);
