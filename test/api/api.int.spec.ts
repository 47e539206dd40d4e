import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { pino } from 'pino';
import { Registry as Metrics } from 'prom-client';
import { gatewayManagerOptions } from '../../apps/gateway-manager/src/gateway-manager.adapters.js';
import { GatewayManagerModule } from '../../apps/gateway-manager/src/gateway-manager.module.js';
import { ensureAdminToken } from '../../apps/registry/src/auth/admin-token.js';
import { createHttpApp } from '../../apps/registry/src/http/http-app.js';
import { openRegistry } from '../../apps/registry/src/registry.adapters.js';
import { RegistryModule } from '../../apps/registry/src/registry.module.js';
import { type ApiClient, apiClient } from '../../apps/registry/src/testing/api-client.js';
import { TestNode } from '../../apps/registry/src/testing/test-node.js';
import { openServiceParts } from '#service/service-parts.js';
import { startPostgres, type TestPostgres } from '../support/servers.js';
import { startTrustedNats, type TrustedNats } from '../support/trusted-nats.js';

/** The registry in two replicas and the gateway-manager, each on its own, over a real PostgreSQL and a real NATS. */
let postgres: TestPostgres;
let nats: TrustedNats;
let directory: string;
let one: ApiClient;
let two: ApiClient;
let stopGatewayManager: () => Promise<void>;
const logger = pino({ level: 'silent' });
const masterKey = randomBytes(32);
const running: (() => Promise<void>)[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tombolo-api-'));
  [postgres, nats] = await Promise.all([startPostgres(), startTrustedNats()]);
  one = await startRegistryReplica();
  two = await startRegistryReplica();
  stopGatewayManager = await startGatewayManager();
  await one.request('POST', '/api/v1/networks', { body: { name: 'prod', cidr: '10.90.0.0/16', cidr6: 'none' } });
  const { bearer } = await one.key('prod');
  for (const name of ['gw-1', 'gw-2']) await one.enrol(new TestNode(name), bearer);
}, 120_000);

afterAll(async () => {
  await stopGatewayManager();
  for (const stop of running) await stop();
  await Promise.all([postgres.stop(), nats.stop()]);
  await rm(directory, { recursive: true, force: true });
}, 60_000);

const partsOf = (name: string) =>
  openServiceParts({
    name,
    databaseUrl: postgres.url,
    natsUrls: [nats.url],
    ca: null,
    trust: nats.trust,
    streamReplicas: 1,
    logger,
  });

async function startRegistryReplica(): Promise<ApiClient> {
  const parts = await partsOf('registry');
  const file = join(directory, 'admin-token');
  await ensureAdminToken(parts.store, file, new Date());
  const metrics = new Metrics();
  const registry = await openRegistry({
    parts,
    secrets: { trust: nats.trust, masterKey },
    natsUrls: [nats.url],
    natsPublicUrls: [nats.url],
    ca: null,
    pin: null,
    publicUrl: () => 'http://127.0.0.1:8080',
    logger,
    metrics,
  });
  const app = await createHttpApp(RegistryModule.register(registry.options), { logger, metrics });
  await app.listen(0, '127.0.0.1');
  running.push(async () => {
    await app.close();
    await registry.close();
    await parts.close();
  });
  return apiClient(await app.getUrl(), (await readFile(file, 'utf8')).trim());
}

async function startGatewayManager(): Promise<() => Promise<void>> {
  const parts = await partsOf('gateway-manager');
  const module = GatewayManagerModule.register(gatewayManagerOptions({ parts, logger, metrics: new Metrics() }));
  const app = await NestFactory.createApplicationContext(module, { abortOnError: false, logger: false });
  await parts.connection.check();
  return async () => {
    await app.close();
    await parts.close();
  };
}

const prod = (api: ApiClient, method: string, path: string, options: object = {}) =>
  api.request(method, `/api/v1/networks/prod/${path}`, options);

test('what one replica was answered, both can read at once, in every round', async () => {
  for (let round = 0; round < 20; round++) {
    const body = { name: `office-${round}`, kind: 'egress', nodes: ['gw-1', 'gw-2'], ranges: [`10.${round}.0.0/16`] };
    const created = await prod(one, 'POST', 'gateways', { body });
    expect(created.status).toBe(201);
    const [here, there] = await Promise.all([one, two].map((api) => prod(api, 'GET', `gateways/office-${round}`)));
    expect([here!.body, there!.body]).toEqual([created.body, created.body]);
    expect((await prod(round % 2 ? one : two, 'DELETE', `gateways/office-${round}`)).status).toBe(204);
    expect((await prod(two, 'GET', `gateways/office-${round}`)).status).toBe(404);
  }
});

test('one Idempotency-Key at both replicas at once makes one gateway; another body under it is refused', async () => {
  const body = { name: 'door', kind: 'ingress', nodes: ['gw-1'] };
  const headers = { 'idempotency-key': 'door' };
  const answers = await Promise.all(
    [one, two, one, two].map((api) => prod(api, 'POST', 'gateways', { body, headers })),
  );
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
  expect(new Set(answers.map((answer) => answer.body.gatewayId)).size).toBe(1);
  const other = await prod(two, 'POST', 'gateways', { body: { ...body, nodes: ['gw-2'] }, headers });
  expect([other.status, other.body.code]).toEqual([409, 'idempotency_mismatch']);
});

test('50 clients at once through both replicas get 50 addresses; a refusal travels whole', async () => {
  const publicKey = () => Buffer.from(randomBytes(32)).toString('base64');
  const created = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      prod(i % 2 ? one : two, 'POST', 'clients', { body: { name: `c${i}`, publicKey: publicKey(), gateway: 'door' } }),
    ),
  );
  expect(new Set(created.map(({ status }) => status))).toEqual(new Set([201]));
  expect(new Set(created.map(({ body }) => body.addresses[0])).size).toBe(50);
  const body = { name: 'c0', publicKey: publicKey(), gateway: 'door' };
  expect(await prod(two, 'POST', 'clients', { body })).toMatchObject({
    status: 409,
    body: { code: 'name_taken', detail: expect.stringContaining('"c0"') },
  });
  expect((await prod(one, 'GET', 'log/verify')).body.ok).toBe(true);
});

test('without a gateway-manager a write is answered 503 and can be repeated when it is back; status goes on', async () => {
  await stopGatewayManager();
  const request = { body: { name: 'late', kind: 'internet', nodes: ['gw-1'] }, headers: { 'idempotency-key': 'late' } };
  const refused = await prod(one, 'POST', 'gateways', request);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)]);
  expect((await prod(one, 'GET', 'status')).body).toMatchObject({ gatewaysKnown: false, gateways: [{ name: 'door' }] });
  stopGatewayManager = await startGatewayManager();
  expect((await prod(two, 'POST', 'gateways', request)).status).toBe(201);
  expect((await prod(one, 'GET', 'status')).body.gatewaysKnown).toBe(true);
}, 60_000);
