import pg from 'pg';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requestCommand } from '#messaging/command-bus.js';
import { commandSubject } from '#contracts/subjects.js';
import { ensureSecrets } from '#service/secrets.js';
import { startPostgres, type TestPostgres } from '../support/servers.js';
import { type ServiceProcess, startService } from '../support/service-process.js';
import { bearerOf, SimulatedNode } from '../support/simulated-node.js';
import { startTrustedNats, testNodeId, type TrustedNats } from '../support/trusted-nats.js';
import { until } from '../support/wait.js';

let postgres: TestPostgres;
let nats: TrustedNats;
const keysDir = mkdtempSync(join(tmpdir(), 'tombolo-keys-'));
const running: ServiceProcess[] = [];
const nodes: SimulatedNode[] = [];

beforeAll(async () => {
  const { trust } = await ensureSecrets(keysDir, new Date());
  [postgres, nats] = await Promise.all([startPostgres(), startTrustedNats({ trust })]);
}, 120_000);

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
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

async function call<T>(service: ServiceProcess, method: string, path: string, body?: unknown): Promise<T> {
  const admin = () => readFileSync(join(keysDir, 'admin-token'), 'utf8').trim();
  const answer = await fetch(`${service.url}/api/v1${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${admin()}`,
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

async function enrol(service: ServiceProcess, name: string, bearer: string): Promise<SimulatedNode> {
  const node = new SimulatedNode(name);
  nodes.push(node);
  await node.enrol(service.url, bearer);
  return node;
}

async function inTurn<T, U>(all: T[], once: (one: T) => Promise<U>): Promise<U[]> {
  const done: U[] = [];
  for (const one of all) done.push(await once(one));
  return done;
}

/** The one that is left after the first test. */
let survivor: ServiceProcess;
let managers: ServiceProcess[];
let relayPlanners: ServiceProcess[];

test('two replicas of every service share the work, and either may die', async () => {
  const [registry, otherRegistry] = await Promise.all([start('registry'), start('registry')]);
  const planners = await Promise.all([start('topology-planner'), start('topology-planner')]);
  managers = await Promise.all([start('gateway-manager'), start('gateway-manager')]);
  relayPlanners = await Promise.all([start('relay-planner'), start('relay-planner')]);

  const { networkId } = await call<{ networkId: string }>(registry, 'POST', '/networks', { name: 'pair' });
  const { token } = await call<{ token: string }>(otherRegistry, 'POST', '/networks/pair/enrollment-keys', {});
  const bearer = bearerOf(token);
  const one = await enrol(registry, 'one', bearer);
  const two = await enrol(otherRegistry, 'two', bearer);
  await until('both nodes to peer', () => one.peers === 1 && two.peers === 1);
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
  survivor = otherRegistry;
  const three = await enrol(otherRegistry, 'three', bearer);
  await until('all three to peer after the crashes', () => [one, two, three].every((node) => node.peers === 2), 20_000);
  expect(one.set!.epoch).toBeGreaterThan(epoch);

  const status = await call<{ ok: boolean; facts: number }>(otherRegistry, 'GET', '/networks/pair/log/verify');
  expect(status).toMatchObject({ ok: true, facts: 5 });
}, 120_000);

test('of two gateway-managers one is paused while a host dies: the other moves the gateway, and nobody moves it back', async () => {
  const { networkId } = await call<{ networkId: string }>(survivor, 'POST', '/networks', { name: 'door' });
  const { token } = await call<{ token: string }>(survivor, 'POST', '/networks/door/enrollment-keys', {});
  const bearer = bearerOf(token);
  const [a, b, c] = [
    await enrol(survivor, 'a', bearer),
    await enrol(survivor, 'b', bearer),
    await enrol(survivor, 'c', bearer),
  ];
  const service = await nats.connect();
  const ask = <Reply>(command: string, request: object) =>
    requestCommand<Reply>(service, commandSubject('gateway-manager', command), request, 1_000);
  const gatewayId = testNodeId();
  const range = '192.168.77.0/24';
  const body = { gatewayId, name: 'office', kind: 'egress', ranges: [range], members: [a.id, b.id] };
  const meta = { commandId: 'office', actor: 'token/ops' };
  await ask('gateway.create', { networkId, fingerprint: 'office', meta, body });
  const dead = new Set<SimulatedNode>();
  let probes = 0;
  const timer = setInterval(() => {
    probes++;
    for (const node of [a, b]) if (!dead.has(node)) node.probe(gatewayId);
  }, 500);
  const moreProbes = (count: number) => {
    const wanted = probes + count;
    return until(`${count} probes of those who live`, () => probes >= wanted);
  };
  const leadsTo = (node: SimulatedNode) => {
    const peer = c.set?.resources.get(`peer/${node.id}`);
    return !!peer && 'allowedIps' in peer && peer.allowedIps.includes(range);
  };
  const activations = async () => {
    const { items } = await call<{ items: { type: string; data: { reason?: string } }[] }>(
      survivor,
      'GET',
      '/networks/door/events',
    );
    return items.flatMap(({ type, data }) => (type === 'GatewayActivated' ? [data.reason] : []));
  };
  try {
    await until('the range to lead to the first member', () => leadsTo(a), 20_000);
    // Who takes over must have been good for five seconds.
    await moreProbes(14);

    const [paused] = managers;
    process.kill(paused!.pid, 'SIGSTOP');
    dead.add(a);
    await until('the range to lead to the other', () => leadsTo(b));

    process.kill(paused!.pid, 'SIGCONT');
    const heard = new Set<string>();
    const both = async () => heard.add((await ask<{ replica: string }>('describe', {})).replica).size === 2;
    await until('both to answer', () => both().catch(() => false));
    // Time enough to judge the silence that it slept through.
    await moreProbes(8);
    expect(await activations()).toEqual(['created', 'host lost']);
  } finally {
    clearInterval(timer);
  }
}, 90_000);

test('of two relay-planners one is killed while both write what follows from a dead relay: each node moves once, and the other goes on', async () => {
  await call(survivor, 'POST', '/networks', { name: 'edge' });
  const { token } = await call<{ token: string }>(survivor, 'POST', '/networks/edge/enrollment-keys', {});
  const bearer = bearerOf(token);
  const [r, s, ...behind] = await inTurn(['r', 's', 'a', 'b', 'c', 'd'], (name) => enrol(survivor, name, bearer));
  const dead = new Set<SimulatedNode>();
  const timer = setInterval(() => {
    for (const relay of [r!, s!]) if (!dead.has(relay)) relay.probe();
  }, 500);
  const database = new pg.Client(postgres.url);
  await database.connect();
  const makeRelay = async (name: string, n: number) => {
    const endpoints = [{ address: `203.0.113.${n}`, port: 51820, kind: 'public' }];
    await call(survivor, 'PATCH', `/networks/edge/nodes/${name}`, { endpoints });
    await call(survivor, 'PUT', `/networks/edge/relays/${name}`, {});
  };
  /** Why nodes got the relays that they had, one after the other, node by node. */
  const moves = async () => {
    const query = '/networks/edge/events?types=RelayAssigned&limit=1000';
    const { items } = await call<{ items: { data: { nodeId: string; relayId: string; reason: string } }[] }>(
      survivor,
      'GET',
      query,
    );
    const nameOf = (relayId: string) => (relayId === r!.id ? 'r' : 's');
    return behind.map(({ id }) =>
      items.flatMap(({ data }) => (data.nodeId === id ? [`${nameOf(data.relayId)}: ${data.reason}`] : [])),
    );
  };
  const allHave = (count: number) => async () => (await moves()).every((each) => each.length >= count);
  const writers = async () => {
    const waiting = `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
    return (await database.query(waiting)).rowCount ?? 0;
  };
  try {
    await makeRelay('r', 1);
    await until('all to be behind the first relay', allHave(1), 20_000);
    await makeRelay('s', 2);

    await database.query('BEGIN; LOCK TABLE events IN EXCLUSIVE MODE');
    dead.add(r!);
    await until('both to write', async () => (await writers()) >= 2, 30_000);
    await relayPlanners[0]!.end('SIGKILL');
    await database.query('COMMIT');
    await until('all to be behind the other relay', allHave(2), 20_000);

    dead.delete(r!);
    const describe = async () => {
      const { items } = await call<{ items: { node: { name: string }; nodes: unknown[] }[] }>(
        survivor,
        'GET',
        '/networks/edge/relays',
      );
      return items.map(({ node, nodes }) => `${node.name} ${nodes.length}`);
    };
    expect(await describe()).toEqual(['r 0', 's 4']);
    dead.add(s!);
    await until('all to be back', allHave(3), 30_000);
    expect(await moves()).toEqual(behind.map(() => ['r: needed', 's: relay lost', 'r: relay lost']));
    expect(await call(survivor, 'GET', '/networks/edge/log/verify')).toMatchObject({ ok: true });
  } finally {
    clearInterval(timer);
    await database.end();
  }
}, 120_000);

test('a replica that is told to stop hands its network over before its lease ends', async () => {
  const network = await call<{ name: string }>(survivor, 'POST', '/networks', { name: 'handover' });
  const { token } = await call<{ token: string }>(survivor, 'POST', `/networks/${network.name}/enrollment-keys`, {});
  const node = await enrol(survivor, 'alone', bearerOf(token));
  await until('its first state', () => node.set !== undefined);
  // The last two that were started are the ones that run.
  const alive = running.filter((_, i) => i >= running.length - 2);
  await alive[0]!.end('SIGTERM');
  const other = await enrol(survivor, 'other', bearerOf(token));
  await until('both to peer', () => node.peers === 1 && other.peers === 1, 20_000);
}, 60_000);

test('a service that lacks what it needs says what, and exits', async () => {
  await expect(startService('topology-planner', { databaseUrl: '', natsUrl: '', keysDir: '' })).rejects.toThrow(
    /TOMBOLO_DATABASE_URL is not set; TOMBOLO_NATS_URL is not set; TOMBOLO_KEYS_DIR is not set/,
  );
});

test('a service whose broker cannot hold what it needs says so, closes what it opened, and exits', async () => {
  const lacking = { databaseUrl: postgres.url, natsUrl: nats.url, keysDir, streamReplicas: 3 };
  await expect(startService('relay-planner', lacking)).rejects.toThrow(/3 replicas need a cluster of brokers/);
}, 60_000);
