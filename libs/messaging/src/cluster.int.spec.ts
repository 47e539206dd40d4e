import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createServer } from 'node:net';
import { DesiredState, HeldState, testPeer } from '../../../test/support/desired-state.js';
import { startTrustedNats, testNodeLogin, type TrustedNats } from '../../../test/support/trusted-nats.js';
import { until } from '../../../test/support/wait.js';
import { STREAMS } from '#contracts/subjects.js';
import { connectAgent } from './agent-connection.js';
import { connectService, type ServiceConnection } from './connection.js';
import { CredentialRevoker } from './credential-revoker.js';
import { NodeStreamWriter } from './node-stream.js';
import { ensureStreams } from './streams.js';
import { createTrust, type Trust } from './trust.js';

/** Three brokers with every stream on each of them, as in production. */
let trust: Trust;
let brokers: TrustedNats[];
let service: ServiceConnection;

beforeAll(async () => {
  trust = await createTrust(new Date());
  const ports = await freePorts(3);
  const routes = ports.map((port) => `127.0.0.1:${port}`);
  brokers = await Promise.all(
    routes.map((listen, n) =>
      startTrustedNats({ trust, serverName: `nats-${n}`, cluster: { name: 'test', listen, routes } }),
    ),
  );
  service = await connect(trust.serviceCredentials);
  await ensureStreams(service, { replicas: 3 });
}, 60_000);
afterAll(async () => {
  await service.close();
  await Promise.all(brokers.map((broker) => broker.stop()));
});

const urls = () => brokers.map((broker) => broker.url);
const connect = (creds: string) => connectService({ urls: urls(), creds, name: 'test' });

test('the broker that leads dies: nothing acknowledged is lost, and an agent goes on', async () => {
  const writer = new NodeStreamWriter(service, trust.sealing.privateKey);
  const desired = new DesiredState(writer);
  const state = new HeldState();
  await desired.full();
  const agent = connectAgent({
    urls: urls(),
    ...(await testNodeLogin(trust, desired.nodeId)),
    reconnect: { firstMs: 200, longestMs: 200 },
  });
  const opener = desired.opener(trust.sealing.publicKey);
  agent.follow({ opener, held: state.held, onMessage: state.onMessage });
  await until('the agent holds the full', () => state.digest === desired.digest && state.set);
  const info = await (await service.manager()).streams.info(STREAMS.nodes);
  const leader = Number(info.cluster?.leader?.slice(-1));
  process.kill(brokers[leader]!.server.pid, 'SIGKILL');
  for (let n = 0; n < 20; n++) await desired.delta([testPeer(n)]);
  await until('the agent holds all of it', () => state.digest === desired.digest, 30_000);
  expect(state.set?.revision).toBe(21);
  await brokers[leader]!.restart();
  await agent.close();
  writer.close();
}, 60_000);

test('a revocation reaches every broker', async () => {
  const system = await connect(trust.systemCredentials);
  const logins = await Promise.all(brokers.map(() => testNodeLogin(trust)));
  const agents = logins.map((login, n) =>
    connectAgent({ urls: [urls()[n]!], ...login, reconnect: { firstMs: 100, longestMs: 100 } }),
  );
  await until('all are in', () => agents.every((agent) => agent.status === 'connected'), 20_000);
  const revoker = new CredentialRevoker({ trust, connection: system, ttlSeconds: 3_600, now: () => new Date() });
  await revoker.revoke(logins.map(({ natsKey }) => ({ natsKey, at: new Date().toISOString() })));
  await until('all are out', () => agents.every((agent) => agent.status === 'refused'));
  expect(service.status).toBe('connected');
  await Promise.all([...agents.map((agent) => agent.close()), system.close()]);
}, 60_000);

/** Ports that were free just now; brokers of a cluster must know each other's before they start. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
