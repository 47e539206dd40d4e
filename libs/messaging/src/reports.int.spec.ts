import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TestNodes } from '../../../test/support/known-nodes.js';
import { startTrustedNats, testNodeId, testNodeLogin, type TrustedNats } from '../../../test/support/trusted-nats.js';
import { until } from '../../../test/support/wait.js';
import type { ProbeReport } from '#contracts/reports.js';
import { STREAMS } from '#contracts/subjects.js';
import { type AgentReport, connectAgent } from './agent-connection.js';
import type { ServiceConnection } from './connection.js';
import { readReport } from './report-guards.js';
import { type NodeReport, ReportFeed } from './reports.js';
import { ensureStreams } from './streams.js';

const digest = '0123456789abcdef'.repeat(2);
const good: AgentReport[] = [
  { kind: 'applied', body: { epoch: 1, revision: 2, digest, tookMs: 3.5 } },
  { kind: 'rejected', body: { epoch: 1, revision: 2, held: 1, errors: [{ resource: 'peer/x', message: 'overlap' }] } },
  {
    kind: 'heartbeat',
    body: { agentVersion: '0.1.0', epoch: 1, revision: 2, digest, backend: 'kernel', peers: 4, repairs: 0 },
  },
  { kind: 'resync', body: { epoch: 0, revision: 0, reason: 'no_state' } },
  { kind: 'probe', body: { gateways: [{ gatewayId: testNodeId(), ok: true, detail: 'echo' }], handshakeAge: 12.5 } },
  { kind: 'probe', body: { gateways: [], handshakeAge: null } },
];
const probe = good[4]!.body as ProbeReport;
const [gatewayProbe] = probe.gateways;

let broker: TrustedNats;
let service: ServiceConnection;
let sealingKey: string;

beforeAll(async () => {
  broker = await startTrustedNats();
  service = await broker.connect();
  sealingKey = broker.trust.sealing.privateKey;
  await ensureStreams(service, { replicas: 1 });
});
afterAll(() => broker.stop());

test('every replica hears what a node says, and who says it', async () => {
  const login = await testNodeLogin(broker.trust);
  const heard: NodeReport[][] = [[], []];
  const nodes = new TestNodes(login);
  const feeds = [service, await broker.connect()].map(
    (connection) => new ReportFeed({ connection, sealingKey, nodes, service: 'test' }),
  );
  feeds.forEach((feed, replica) => feed.onReport((report) => heard[replica]!.push(report)));
  const agent = connectAgent({ urls: [broker.url], ...login });
  await until('the agent is in', () => agent.status === 'connected');
  for (const report of good) agent.report(report);
  await until('all came', () => heard.every((reports) => reports.length === good.length));
  const expected = good.map((report) => ({ nodeId: login.nodeId, ...report }));
  expect(heard).toEqual([expected, expected]);
  await agent.close();
  feeds.forEach((feed) => feed.stop());
});

test('what cannot be read is counted and parked; the next one is heard, whatever a listener does', async () => {
  const { signer, ...node } = await testNodeLogin(broker.trust);
  const { nodeId } = node;
  const feed = new ReportFeed({ connection: service, sealingKey, nodes: new TestNodes(node), service: 'reports-test' });
  const heard: NodeReport[] = [];
  feed.onReport(() => {
    throw new Error('listener broke');
  });
  feed.onReport((report) => heard.push(report));
  const send = (kind: string, text: string) => {
    const subject = `tombolo.reports.${nodeId}.${kind}`;
    service.nats.publish(subject, text, { headers: signer.headers(subject, text) });
  };
  send('applied', '{"epoch":');
  send('resync', JSON.stringify(good[3]!.body));
  await until('the good one came', () => heard.length === 1);
  expect(feed.unreadable).toBe(1);
  const manager = await service.manager();
  const query = { last_by_subj: 'tombolo.parked.reports-test' };
  const parked = await until('it is parked', () => manager.streams.getMessage(STREAMS.parked, query));
  expect(parked.json()).toMatchObject({
    subject: `tombolo.reports.${nodeId}.applied`,
    reason: 'the report is not JSON',
  });
  feed.stop();
});

test('believes nothing that its node did not prove, nor the same twice; a node that is heard before it is known is heard then', async () => {
  const [{ signer, ...node }, late] = [await testNodeLogin(broker.trust), await testNodeLogin(broker.trust)];
  const nodes = new TestNodes(node);
  const connection = await broker.connect();
  const feed = new ReportFeed({ connection, sealingKey, nodes, service: 'reports-test' });
  const heard: NodeReport[] = [];
  feed.onReport((report) => heard.push(report));
  await connection.nats.flush();
  const text = JSON.stringify(good[3]!.body);
  const about = `tombolo.reports.${node.nodeId}.resync`;
  const headers = signer.headers(about, text);
  service.nats.publish(about, text);
  service.nats.publish(about, text, { headers: late.signer.headers(about, text) });
  service.nats.publish(about, text, { headers });
  service.nats.publish(about, text, { headers });
  const lateAbout = `tombolo.reports.${late.nodeId}.resync`;
  service.nats.publish(lateAbout, text, { headers: late.signer.headers(lateAbout, text) });
  await until('all came', () => connection.distrust.count('report') === 3);
  expect(heard.map(({ nodeId }) => nodeId)).toEqual([node.nodeId]);
  expect(connection.distrust.count('report', 'repeated')).toBe(1);
  await service.nats.flush();
  nodes.add(late);
  await until('the late one is heard', () => heard.length === 2);
  expect(heard[1]).toEqual({ nodeId: late.nodeId, ...good[3] });
  feed.stop();
});

const nodeId = testNodeId();
const applied = good[0]!.body;

test.each<[string, string, unknown, string]>([
  ['a subject of no node', 'tombolo.reports.x.applied', applied, 'names no node'],
  ['a longer subject', `tombolo.reports.${nodeId}.applied.x`, applied, 'names no node'],
  ['another kind', `tombolo.reports.${nodeId}.gossip`, applied, 'no kind'],
  ['a list', `tombolo.reports.${nodeId}.applied`, [applied], 'not a JSON object'],
  ['a missing field', `tombolo.reports.${nodeId}.applied`, { ...applied, digest: undefined }, 'digest'],
  ['a digest of another form', `tombolo.reports.${nodeId}.applied`, { ...applied, digest: 'Z'.repeat(32) }, 'digest'],
  ['a negative revision', `tombolo.reports.${nodeId}.applied`, { ...applied, revision: -1 }, 'revision'],
  ['a revision that is a text', `tombolo.reports.${nodeId}.applied`, { ...applied, revision: '1' }, 'revision'],
  ['an unknown reason', `tombolo.reports.${nodeId}.resync`, { epoch: 1, revision: 1, reason: 'mood' }, 'reason'],
  [
    'errors that are no list',
    `tombolo.reports.${nodeId}.rejected`,
    { epoch: 1, revision: 1, held: 0, errors: {} },
    'errors',
  ],
  [
    'a text without end',
    `tombolo.reports.${nodeId}.heartbeat`,
    { ...good[2]!.body, agentVersion: 'x'.repeat(65) },
    'agentVersion',
  ],
  ['probes that are no list', `tombolo.reports.${nodeId}.probe`, { ...probe, gateways: {} }, 'gateways is not a list'],
  ['a probe that is no object', `tombolo.reports.${nodeId}.probe`, { ...probe, gateways: [7] }, 'no object'],
  [
    'a probe of no gateway',
    `tombolo.reports.${nodeId}.probe`,
    { ...probe, gateways: [{ ...gatewayProbe, gatewayId: '*' }] },
    'gatewayId',
  ],
  [
    'a probe that is neither good nor bad',
    `tombolo.reports.${nodeId}.probe`,
    { ...probe, gateways: [{ ...gatewayProbe, ok: 'yes' }] },
    'ok is neither',
  ],
  [
    'a probe without a word',
    `tombolo.reports.${nodeId}.probe`,
    { ...probe, gateways: [{ ...gatewayProbe, detail: 3 }] },
    'detail',
  ],
  ['an age below zero', `tombolo.reports.${nodeId}.probe`, { ...probe, handshakeAge: -1 }, 'handshakeAge'],
  ['an age that is missing', `tombolo.reports.${nodeId}.probe`, { gateways: [] }, 'handshakeAge'],
  [
    'probes of more gateways than one node can hold',
    `tombolo.reports.${nodeId}.probe`,
    { ...probe, gateways: Array(501).fill(gatewayProbe) },
    'more than 500',
  ],
  ['a body without end', `tombolo.reports.${nodeId}.applied`, { ...applied, more: 'x'.repeat(70_000) }, 'bytes'],
])('refuses %s', (...[, subject, body, reason]) => {
  expect(() => readReport(subject, Buffer.from(JSON.stringify(body)))).toThrow(reason);
});

test('cuts what a probe says', () => {
  const body = { gateways: [{ ...gatewayProbe, detail: 'x'.repeat(300), more: 1 }], handshakeAge: 0 };
  const report = readReport(`tombolo.reports.${nodeId}.probe`, Buffer.from(JSON.stringify(body)));
  expect(report.body).toEqual({ gateways: [{ ...gatewayProbe, detail: 'x'.repeat(256) }], handshakeAge: 0 });
});

test('takes only the fields it knows, and so many errors at most', () => {
  const error = { resource: 'peer/x', message: 'm', stack: 'secret' };
  const body = { epoch: 1, revision: 1, held: 0, errors: Array.from({ length: 500 }, () => error), evil: true };
  const report = readReport(`tombolo.reports.${nodeId}.rejected`, Buffer.from(JSON.stringify(body)));
  expect(report.body).toEqual({ epoch: 1, revision: 1, held: 0, errors: expect.any(Array) });
  expect((report.body as { errors: unknown[] }).errors).toEqual(Array(50).fill({ resource: 'peer/x', message: 'm' }));
});
