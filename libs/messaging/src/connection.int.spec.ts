import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STREAMS } from '#contracts/subjects.js';
import { ownCertificate } from '../../../apps/standalone/src/parts/authority.js';
import { startTrustedNats, testNodeLogin, type TrustedNats } from '../../../test/support/trusted-nats.js';
import { until } from '../../../test/support/wait.js';
import { connectAgent } from './agent-connection.js';
import { connectService, type ConnectionStatus } from './connection.js';
import { publishDurably } from './durable-publish.js';
import { ensureStreams, streamLife } from './streams.js';
import { createTrust, type Trust } from './trust.js';

let broker: TrustedNats;
beforeAll(async () => {
  broker = await startTrustedNats();
});
afterAll(() => broker.stop());

const attempt = (creds: string, urls = [broker.url]) =>
  connectService({ urls, creds, name: 'test', firstConnectMs: 300 });

describe('the trust', () => {
  test('is plain JSON; from it a broker that starts with nothing takes the logins made before', async () => {
    const login = await testNodeLogin(broker.trust);
    const again = await startTrustedNats({ trust: JSON.parse(JSON.stringify(broker.trust)) as Trust });
    const service = await connectService({ urls: [again.url], creds: broker.trust.serviceCredentials, name: 'test' });
    await service.check();
    const agent = connectAgent({ urls: [again.url], ...login });
    await until('the agent is in', () => agent.status === 'connected');
    await Promise.all([agent.close(), service.close()]);
    await again.stop();
  });

  test('of another installation is refused at once, with a sentence', async () => {
    const stranger = await createTrust(new Date());
    await expect(attempt(stranger.serviceCredentials)).rejects.toThrow(/refuses the login of test/);
    await expect(attempt('nonsense')).rejects.toThrow(/credentials are unreadable/);
  });
});

describe('a connection', () => {
  test('says that no broker answers', async () => {
    await expect(attempt(broker.trust.serviceCredentials, ['nats://127.0.0.1:1'])).rejects.toMatchObject({
      kind: 'unavailable',
      part: 'broker',
    });
  });

  test('survives the death of the broker, and what was being stored is stored', async () => {
    const service = await broker.connect();
    await ensureStreams(service, { replicas: 1 });
    const statuses: ConnectionStatus[] = [];
    service.onStatus((status) => statuses.push(status));
    process.kill(broker.server.pid, 'SIGKILL');
    await until('it notices', () => service.status === 'disconnected');
    await expect(service.check()).rejects.toMatchObject({ kind: 'unavailable' });
    const storing = publishDurably(service, { subject: 'tombolo.ingest.test', data: '{}', messageId: 'one' });
    await broker.restart();
    expect((await storing).duplicate).toBe(false);
    await service.check();
    expect(statuses).toEqual(['disconnected', 'connected']);
    const repeated = await publishDurably(service, { subject: 'tombolo.ingest.test', data: '{}', messageId: 'one' });
    expect(repeated).toEqual({ ...(await storing), duplicate: true });
  });

  test('waits for no answer of a broker that died before it gave one', async () => {
    const service = await broker.connect();
    await ensureStreams(service, { replicas: 1 });
    process.kill(broker.server.pid, 'SIGSTOP');
    const asked = streamLife(service, STREAMS.events);
    process.kill(broker.server.pid, 'SIGKILL');
    await expect(asked).rejects.toThrow(/the connection is disconnected/);
    await broker.restart();
    await until('the service is back', () => service.status === 'connected');
    expect((await streamLife(service, STREAMS.events)).end).toBeGreaterThanOrEqual(0);
    await service.close();
  });

  test('closes also while the broker is silent, an agent as well', async () => {
    const login = await testNodeLogin(broker.trust);
    const service = await attempt(broker.trust.serviceCredentials);
    const agent = connectAgent({ urls: [broker.url], ...login });
    await until('the agent is in', () => agent.status === 'connected');
    const { pid } = broker.server;
    process.kill(pid, 'SIGSTOP');
    try {
      await Promise.all([agent.close(), service.close()]);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    expect([agent.status, service.nats.isClosed()]).toEqual(['closed', true]);
  });

  test('that is closed refuses to store', async () => {
    const service = await broker.connect();
    await service.close();
    await until('it is closed', () => service.status === 'closed');
    const storing = publishDurably(service, { subject: 'tombolo.ingest.test', data: '{}', messageId: 'two' });
    await expect(storing).rejects.toMatchObject({ kind: 'unavailable', part: 'broker' });
  });
});

describe('over TLS', () => {
  let dir: string;
  let secure: TrustedNats;
  let ca: string;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'tombolo-test-tls-'));
    secure = await secureBroker(['127.0.0.1', 'localhost']);
    ca = readFileSync(join(dir, 'ca.crt'), 'utf8');
  });
  afterAll(async () => {
    await secure.stop();
    rmSync(dir, { recursive: true });
  });

  async function secureBroker(names: string[]): Promise<TrustedNats> {
    const { certFile, keyFile, caFile = '' } = await ownCertificate({ keys: dir, names, now: new Date() });
    return startTrustedNats({ tls: { certFile, keyFile, caFile } });
  }

  const over = (options: { ca?: string; urls?: string[] }) =>
    connectService({
      urls: [secure.url],
      creds: secure.trust.serviceCredentials,
      name: 'test',
      firstConnectMs: 300,
      ...options,
    });

  test.each([['127.0.0.1'], ['localhost']])(
    'services and agents reach %s and know it by its authority',
    async (host) => {
      const urls = [secure.url.replace('127.0.0.1', host)];
      const service = await over({ ca, urls });
      await service.check();
      const agent = connectAgent({ urls, ca, ...(await testNodeLogin(secure.trust)) });
      await until('the agent is in', () => agent.status === 'connected');
      await Promise.all([agent.close(), service.close()]);
    },
  );

  test('an authority that is not ours, or none, is not believed', async () => {
    const other = mkdtempSync(join(tmpdir(), 'tombolo-test-tls-'));
    const { caFile } = await ownCertificate({ keys: other, names: ['127.0.0.1'], now: new Date() });
    await expect(over({ ca: readFileSync(caFile!, 'utf8') })).rejects.toThrow();
    await expect(over({})).rejects.toThrow();
    rmSync(other, { recursive: true });
  });

  test('a certificate of our authority for another host is not believed', async () => {
    await secure.stop();
    secure = await secureBroker(['broker.example']);
    await expect(over({ ca })).rejects.toThrow(/127\.0\.0\.1/);
  });
});
