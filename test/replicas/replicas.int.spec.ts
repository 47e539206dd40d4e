import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import nacl from 'tweetnacl';
import type { EnrolResponse } from '#contracts/enrolment.js';
import { foldMessage, type NodeSet } from '#contracts/node-fold.js';
import { type AgentConnection, connectAgent } from '#messaging/agent-connection.js';
import { requestCommand } from '#messaging/command-bus.js';
import { createUserKey } from '#messaging/nkeys.js';
import { SealOpener } from '#messaging/node-seal.js';
import { commandSubject } from '#contracts/subjects.js';
import { ensureSecrets } from '#service/secrets.js';
import { startPostgres, type TestPostgres } from '../support/servers.js';
import { type ServiceProcess, startService } from '../support/service-process.js';
import { startTrustedNats, type TrustedNats } from '../support/trusted-nats.js';
import { until } from '../support/wait.js';

let postgres: TestPostgres;
let nats: TrustedNats;
const keysDir = mkdtempSync(join(tmpdir(), 'tombolo-keys-'));
const running: ServiceProcess[] = [];
const agents: AgentConnection[] = [];

beforeAll(async () => {
  const { trust } = await ensureSecrets(keysDir, new Date());
  [postgres, nats] = await Promise.all([startPostgres(), startTrustedNats({ trust })]);
}, 120_000);

afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.close()));
  await Promise.all(running.map((service) => service.end('SIGKILL')));
  await nats?.stop();
  await postgres?.stop();
  rmSync(keysDir, { recursive: true, force: true });
}, 60_000);

async function start(name: string): Promise<ServiceProcess> {
  const service = await startService(name, { databaseUrl: postgres.url, natsUrl: nats.url, keysDir });
  running.push(service);
  return service;
}

async function call<T>(
  service: ServiceProcess,
  method: string,
  path: string,
  body?: unknown,
  token?: string,
): Promise<T> {
  const admin = () => readFileSync(join(keysDir, 'admin-token'), 'utf8').trim();
  const answer = await fetch(`${service.url}/api/v1${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${token ?? admin()}`,
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

/** A node without a kernel: it enrols, follows its own stream, and folds. */
async function enrol(service: ServiceProcess, name: string, bearer: string) {
  const control = nacl.box.keyPair();
  const user = createUserKey();
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const answer = await call<EnrolResponse>(
    service,
    'POST',
    '/enroll',
    {
      name,
      publicKey: base64(nacl.box.keyPair().publicKey),
      controlKey: base64(control.publicKey),
      natsKey: user.publicKey,
    },
    bearer,
  );
  const node: { id: string; set: NodeSet | undefined } = { id: answer.nodeId, set: undefined };
  const connection = connectAgent({
    urls: answer.nats.urls,
    nodeId: answer.nodeId,
    jwt: answer.nats.jwt,
    nkeySeed: user.seed,
    reconnect: { waitMs: 50, jitterMs: 50 },
  });
  agents.push(connection);
  connection.follow({
    opener: new SealOpener(answer.nodeId, {
      privateKey: base64(control.secretKey),
      controllerKey: answer.controllerKey,
    }),
    held: () => node.set,
    onMessage: (message) => {
      const folded = foldMessage(node.set, message);
      if (folded.outcome === 'folded') node.set = folded.set;
      return folded.outcome === 'resync' ? folded.reason : folded.outcome;
    },
  });
  return node;
}

const peersOf = (node: { set: NodeSet | undefined }) =>
  [...(node.set?.resources.keys() ?? [])].filter((name) => name.startsWith('peer/')).length;

test('two replicas of every service share the work, and either may die', async () => {
  const [registry, otherRegistry] = await Promise.all([start('registry'), start('registry')]);
  const planners = await Promise.all([start('topology-planner'), start('topology-planner')]);
  await Promise.all([
    start('gateway-manager'),
    start('gateway-manager'),
    start('relay-planner'),
    start('relay-planner'),
  ]);

  const { networkId } = await call<{ networkId: string }>(registry, 'POST', '/networks', { name: 'pair' });
  const { token } = await call<{ token: string }>(otherRegistry, 'POST', '/networks/pair/enrollment-keys', {});
  const { keyId, secret } = JSON.parse(Buffer.from(token.slice('tmb_'.length), 'base64url').toString()) as Record<
    string,
    string
  >;
  const bearer = `${keyId}.${secret}`;
  const one = await enrol(registry, 'one', bearer);
  const two = await enrol(otherRegistry, 'two', bearer);
  await until('both nodes to peer', () => peersOf(one) === 1 && peersOf(two) === 1);
  const { epoch } = one.set!;

  // The owners of later facts follow the same log, and one replica of each answers.
  const service = await nats.connect();
  for (const owner of ['gateway-manager', 'relay-planner'] as const) {
    const described = await requestCommand<{ networks: Record<string, number> }>(
      service,
      commandSubject(owner, 'describe'),
      {},
    );
    expect(Object.keys(described.networks)).toContain(networkId);
  }

  // Which planner publishes is not ours to know: kill one after the other, a new one in between.
  for (const planner of planners) {
    await planner.end('SIGKILL');
    await start('topology-planner');
  }
  await registry.end('SIGKILL');
  const three = await enrol(otherRegistry, 'three', bearer);
  await until(
    'all three to peer after the crashes',
    () => [one, two, three].every((node) => peersOf(node) === 2),
    20_000,
  );
  expect(one.set!.epoch).toBeGreaterThan(epoch);

  const status = await call<{ ok: boolean; facts: number }>(otherRegistry, 'GET', '/networks/pair/log/verify');
  expect(status).toMatchObject({ ok: true, facts: 5 });
}, 120_000);

test('a replica that is told to stop hands its network over before its lease ends', async () => {
  const registry = running[1]!;
  const network = await call<{ name: string }>(registry, 'POST', '/networks', { name: 'handover' });
  const { token } = await call<{ token: string }>(registry, 'POST', `/networks/${network.name}/enrollment-keys`, {});
  const { keyId, secret } = JSON.parse(Buffer.from(token.slice('tmb_'.length), 'base64url').toString()) as Record<
    string,
    string
  >;
  const node = await enrol(registry, 'alone', `${keyId}.${secret}`);
  await until('its first state', () => node.set !== undefined);
  // The last two that were started are the ones that run.
  const alive = running.filter((_, i) => i >= running.length - 2);
  await alive[0]!.end('SIGTERM');
  const other = await enrol(registry, 'other', `${keyId}.${secret}`);
  await until('both to peer', () => peersOf(node) === 1 && peersOf(other) === 1, 20_000);
}, 60_000);

test('a service that lacks what it needs says what, and exits', async () => {
  await expect(startService('topology-planner', { databaseUrl: '', natsUrl: '', keysDir: '' })).rejects.toThrow(
    /TOMBOLO_DATABASE_URL is not set; TOMBOLO_NATS_URL is not set; TOMBOLO_KEYS_DIR is not set/,
  );
});
