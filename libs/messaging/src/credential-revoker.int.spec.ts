import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { decode, type Account } from '@nats-io/jwt';
import { startTrustedNats, testNodeLogin, type TrustedNats } from '../../../test/support/trusted-nats.js';
import { until } from '../../../test/support/wait.js';
import { type AgentConnection, connectAgent } from './agent-connection.js';
import type { ServiceConnection } from './connection.js';
import { CredentialRevoker } from './credential-revoker.js';
import { mintNodeCredentials } from './node-credentials.js';

const TTL_SECONDS = 3_600;
let broker: TrustedNats;
let system: ServiceConnection;
const agents: AgentConnection[] = [];
const onStatus = new Map<string, (status: string) => void>();

beforeAll(async () => {
  broker = await startTrustedNats();
  system = await broker.connect('system', broker.trust.systemCredentials);
});
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.close()));
});
afterAll(() => broker.stop());

type Login = Awaited<ReturnType<typeof testNodeLogin>>;

function connectAs(login: Login): AgentConnection {
  const agent = connectAgent({
    urls: [broker.url],
    ...login,
    reconnect: { firstMs: 40, longestMs: 40 },
    onStatus: (status) => onStatus.get(login.nodeId)?.(status),
  });
  agents.push(agent);
  return agent;
}

const revoker = (now = () => new Date(), connection = system) =>
  new CredentialRevoker({ trust: broker.trust, connection, ttlSeconds: TTL_SECONDS, now });

const removed = (login: Login, at = new Date()) => ({ natsKey: login.natsKey, at: at.toISOString() });

async function listed(): Promise<string[]> {
  const subject = `$SYS.REQ.ACCOUNT.${broker.trust.agents.key.publicKey}.CLAIMS.LOOKUP`;
  const answer = await system.nats.request(subject, '', { timeout: 2_000 });
  return Object.keys(decode<Account>(answer.string()).nats.revocations ?? {});
}

test('a removed node is cut off and stays out; the others notice nothing', async () => {
  const [gone, other] = [await testNodeLogin(broker.trust), await testNodeLogin(broker.trust)];
  const [cut, kept] = [connectAs(gone), connectAs(other)];
  await until('both are in', () => cut.status === 'connected' && kept.status === 'connected');
  const changes: string[] = [];
  onStatus.set(other.nodeId, (status) => changes.push(status));
  await revoker().revoke([removed(gone)]);
  await until('the removed one is out', () => cut.status === 'refused');
  expect(kept.status).toBe('connected');
  expect(changes).toEqual([]);
  const again = connectAs(gone);
  await until('it cannot come back', () => again.status === 'refused');
});

test('a new login of another key is welcome, and another replica does not undo what it does not know', async () => {
  const [one, two] = [await testNodeLogin(broker.trust), await testNodeLogin(broker.trust)];
  await Promise.all([revoker().revoke([removed(one)]), revoker().revoke([])]);
  await revoker().revoke([removed(two)]);
  expect(await listed()).toEqual(expect.arrayContaining([one.natsKey, two.natsKey]));
  const back = connectAs(await testNodeLogin(broker.trust, one.nodeId));
  await until('the new login is in', () => back.status === 'connected');
});

test('many at once, and the same again: all are listed once', async () => {
  const logins = await Promise.all(Array.from({ length: 50 }, () => testNodeLogin(broker.trust)));
  const shared = revoker();
  await Promise.all(logins.map((login) => shared.revoke([removed(login)])));
  const after = await listed();
  expect(after).toEqual(expect.arrayContaining(logins.map((login) => login.natsKey)));
  await revoker().revoke(logins.map((login) => removed(login)));
  expect((await listed()).sort()).toEqual(after.sort());
});

test('what has expired by itself leaves the list', async () => {
  const [old, young] = [await testNodeLogin(broker.trust), await testNodeLogin(broker.trust)];
  await revoker().revoke([removed(old)]);
  const later = new Date(Date.now() + (TTL_SECONDS + 60) * 1_000);
  await revoker(() => later).revoke([removed(old), removed(young, later)]);
  const keys = await listed();
  expect(keys).toContain(young.natsKey);
  expect(keys).not.toContain(old.natsKey);
});

test('revocations survive a restart of the broker, whose configuration is older', async () => {
  const login = await testNodeLogin(broker.trust);
  await revoker().revoke([removed(login)]);
  await broker.restart();
  await until('the system is back', () => system.status === 'connected');
  expect(await listed()).toContain(login.natsKey);
  const agent = connectAs(login);
  await until('it stays out', () => agent.status === 'refused');
});

test('without a broker it says so, and works when repeated', async () => {
  const other = await broker.connect('system', broker.trust.systemCredentials);
  await other.close();
  const login = await testNodeLogin(broker.trust);
  const failing = revoker(undefined, other);
  await expect(failing.revoke([removed(login)])).rejects.toMatchObject({ kind: 'unavailable', part: 'broker' });
  await revoker().revoke([removed(login)]);
  expect(await listed()).toContain(login.natsKey);
});

test('a login that has run out is refused, and renewing it brings the agent back', async () => {
  const login = await testNodeLogin(broker.trust);
  const mint = (ttlSeconds: number) =>
    mintNodeCredentials({
      trust: broker.trust,
      nodeId: login.nodeId,
      natsKey: login.natsKey,
      now: new Date(),
      ttlSeconds,
    });
  const agent = connectAs({ ...login, jwt: (await mint(2)).jwt });
  await until('it is in', () => agent.status === 'connected');
  await until('its login has run out', () => agent.status === 'refused');
  await agent.renew((await mint(60)).jwt);
  await until('it is back', () => agent.status === 'connected');
});

test.each([
  ['a wildcard', '*'],
  ['everything', '>'],
  ['two tokens', '0190a5b4-0000-7000-8000-000000000001.x'],
  ['nothing', ''],
])('no login is minted for a name that is no id: %s', async (_, nodeId) => {
  const { natsKey } = await testNodeLogin(broker.trust);
  const request = { trust: broker.trust, nodeId, natsKey, now: new Date(), ttlSeconds: 60 };
  await expect(mintNodeCredentials(request)).rejects.toThrow('UUIDv7');
});
