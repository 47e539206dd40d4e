import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import { Registry as Metrics } from 'prom-client';
import { startPostgres, type TestPostgres } from '../../../test/support/servers.js';
import { startTrustedNats, type TrustedNats } from '../../../test/support/trusted-nats.js';
import type { EnrolResponse } from '#contracts/enrolment.js';
import { type AgentConnection, connectAgent } from '#messaging/agent-connection.js';
import { ReportSigner } from '#messaging/report-proof.js';
import { openServiceParts } from '#service/service-parts.js';
import { ensureAdminToken } from './auth/admin-token.js';
import { createHttpApp } from './http/http-app.js';
import { openRegistry } from './registry.adapters.js';
import { RegistryModule } from './registry.module.js';
import { eventually } from './testing/eventually.js';
import { type ApiClient, apiClient } from './testing/api-client.js';
import { TestNode } from './testing/test-node.js';

/** The registry in two replicas, over a real PostgreSQL and a real NATS. */
let postgres: TestPostgres;
let nats: TrustedNats;
let directory: string;
const masterKey = randomBytes(32);
const replicas: { api: ApiClient; app: NestFastifyApplication; close(): Promise<void> }[] = [];
let one: ApiClient;
let two: ApiClient;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tombolo-registry-'));
  [postgres, nats] = await Promise.all([startPostgres(), startTrustedNats()]);
  replicas.push(...(await Promise.all([startReplica(), startReplica()])));
  one = replicas[0]!.api;
  two = replicas[1]!.api;
}, 120_000);

afterAll(async () => {
  for (const replica of replicas) await replica.close();
  await Promise.all([postgres.stop(), nats.stop()]);
  await rm(directory, { recursive: true, force: true });
}, 60_000);

async function startReplica() {
  const logger = pino({ level: 'silent' });
  const metrics = new Metrics();
  const broker = { natsUrls: [nats.url], ca: null };
  const parts = await openServiceParts({
    name: 'registry',
    databaseUrl: postgres.url,
    ...broker,
    trust: nats.trust,
    streamReplicas: 1,
    logger,
  });
  const file = join(directory, 'admin-token');
  await ensureAdminToken(parts.store, file, new Date());
  const secrets = { trust: nats.trust, masterKey };
  const address = { ...broker, natsPublicUrls: [nats.url], pin: null, publicUrl: () => 'http://127.0.0.1:8080' };
  const registry = await openRegistry({ parts, secrets, ...address, logger, metrics });
  const app = await createHttpApp(RegistryModule.register(registry.options), { logger, metrics });
  await app.listen(0, '127.0.0.1');
  const api = apiClient(await app.getUrl(), (await readFile(file, 'utf8')).trim());
  const close = async () => {
    await app.close();
    await registry.close();
    await parts.close();
  };
  return { api, app, close };
}

test('both replicas started at once share the one admin token', async () => {
  for (const api of [one, two]) {
    const { status, body } = await api.request('GET', '/api/v1/tokens');
    expect([status, body.items.map((token: { name: string }) => token.name)]).toEqual([200, ['admin']]);
    expect((await api.request('GET', '/readyz')).body.details).toMatchObject({
      log: { status: 'up' },
      broker: { status: 'up' },
      outbox: { status: 'up' },
    });
  }
});

test('100 enrolments at once through two replicas with a key for 10 admit exactly 10', async () => {
  await one.request('POST', '/api/v1/networks', { body: { name: 'burst', cidr: '10.1.0.0/24' } });
  const { bearer, keyId } = await one.key('burst', { uses: 10 });
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) => (i % 2 ? one : two).enrol(new TestNode(`n${i}`), bearer)),
  );
  const admitted = answers.filter(({ status }) => status === 201);
  const refused = answers.filter(({ status, body }) => status === 409 && body.code === 'key_exhausted');
  expect([admitted.length, refused.length]).toEqual([10, 90]);
  const addresses = admitted.map(({ body }) => body.addresses[0]);
  expect(new Set(addresses).size).toBe(10);
  expect((await two.request('GET', `/api/v1/networks/burst/enrollment-keys/${keyId}`)).body.used).toBe(10);
  expect((await two.request('GET', '/api/v1/networks/burst/log/verify')).body).toMatchObject({ ok: true, facts: 12 });
});

test('one Idempotency-Key at both replicas at once makes one resource', async () => {
  const send = (api: ApiClient) =>
    api.request('POST', '/api/v1/networks', { body: { name: 'once' }, headers: { 'idempotency-key': 'k' } });
  const answers = await Promise.all([one, two, one, two].map(send));
  expect(new Set(answers.map(({ status, body }) => `${status} ${body.networkId}`)).size).toBe(1);
});

test('changes of the list by both replicas at once are all done, also those that span two streams', async () => {
  const names = Array.from({ length: 20 }, (_, i) => `net-${i}`);
  const turn = (method: string) => (name: string, i: number) =>
    method === 'POST'
      ? (i % 2 ? one : two).request('POST', '/api/v1/networks', { body: { name } })
      : (i % 2 ? two : one).request('DELETE', `/api/v1/networks/${name}`);
  expect((await Promise.all(names.map(turn('POST')))).map(({ status }) => status)).toEqual(names.map(() => 201));
  expect((await Promise.all(names.map(turn('DELETE')))).map(({ status }) => status)).toEqual(names.map(() => 204));
  const { body } = await one.request('GET', '/api/v1/networks/system/log/verify');
  expect(body.ok).toBe(true);
});

describe('a node of the mesh', () => {
  let agent: AgentConnection;
  let enrolled: EnrolResponse;
  const node = new TestNode('web-1');

  beforeAll(async () => {
    await one.request('POST', '/api/v1/networks', { body: { name: 'mesh' } });
    const { bearer } = await one.key('mesh');
    enrolled = (await two.enrol(node, bearer)).body;
    const { nodeId, nats: login } = enrolled;
    const reconnect = { firstMs: 100, longestMs: 100 };
    const keys = { privateKey: node.controlPrivateKey, controllerKey: enrolled.controllerKey };
    const signer = new ReportSigner(nodeId, keys, 1);
    agent = connectAgent({ urls: login.urls, signer, jwt: login.jwt, nkeySeed: node.seed, reconnect });
    await eventually(() => expect(agent.status).toBe('connected'));
  });
  afterAll(() => agent.close());

  test('is heard by both replicas', async () => {
    const heartbeat = { agentVersion: '0.1.0', epoch: 1, revision: 1, digest: '0'.repeat(32), peers: 0, repairs: 0 };
    await eventually(async () => {
      agent.report({ kind: 'heartbeat', body: { ...heartbeat, backend: 'none' } });
      for (const api of [one, two]) {
        const { body } = await api.request('GET', '/api/v1/networks/mesh/status');
        expect(body.nodes[0]).toMatchObject({ held: { revision: 1 }, agent: { version: '0.1.0' } });
      }
    });
  });

  test('loses its connection when it is removed, for good', async () => {
    await one.request('DELETE', '/api/v1/networks/mesh/nodes/web-1');
    await eventually(() => expect(agent.status).toBe('refused'), 20_000);
    const proof = node.proof('refresh', enrolled.nodeId, new Date());
    const refreshed = await two.request('POST', `/api/v1/nodes/${enrolled.nodeId}/credentials`, { body: proof });
    expect(refreshed.status).toBe(404);
  }, 40_000);
});
