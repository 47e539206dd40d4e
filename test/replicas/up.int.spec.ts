import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ControlPlane, startControlPlane } from '../support/control-plane.js';
import { gone } from '../support/killable.js';
import { LiveMesh } from '../support/live-mesh.js';
import { until } from '../support/wait.js';

/** `up --replicas 2 --nats-nodes 3`: one control plane for all tests here, which go on where the one before ended. */
const flags = ['--replicas', '2', '--nats-nodes', '3'];
let plane: ControlPlane;
let mesh: LiveMesh;

beforeAll(async () => {
  plane = await startControlPlane({ flags });
  mesh = await LiveMesh.create(plane, 'many');
  for (const name of ['a', 'b', 'c']) await mesh.enter(name);
  await mesh.level();
}, 180_000);
afterAll(async () => {
  await mesh?.close();
  await plane?.remove();
}, 60_000);

test('ready.json names every process, and each tells its own health', async () => {
  const { services = [], brokers = [], database } = plane.ready();
  const names = services.map(({ name, replica }) => `${name} ${replica}`);
  expect(names).toEqual(
    ['registry', 'topology-planner', 'gateway-manager', 'relay-planner'].flatMap((name) => [`${name} 1`, `${name} 2`]),
  );
  expect(brokers.map(({ name }) => name)).toEqual(['tombolo-1', 'tombolo-2', 'tombolo-3']);
  expect(new Set([...services, ...brokers, database!].map(({ pid }) => pid)).size).toBe(12);
  for (const { health } of services)
    for (const path of ['healthz', 'readyz']) expect((await fetch(`${health}/${path}`)).status).toBe(200);
});

test('one of each is killed: nobody who repeats a request is refused, and all are started again', async () => {
  const before = plane.ready();
  const victims = [
    ...before.services!.filter(({ replica }) => replica === 1),
    before.brokers![0]!,
    before.database!,
  ].map(({ pid }) => pid);
  for (const pid of victims) process.kill(pid, 'SIGKILL');
  await mesh.enter('d');
  const alive = () => {
    const { services = [], brokers = [], database } = plane.ready();
    return [...services, ...brokers, database!].map(({ pid }) => pid);
  };
  await until('all of them to be replaced', () => !victims.some((pid) => alive().includes(pid)), 60_000);
  for (const { health } of plane.ready().services!) expect((await fetch(`${health}/readyz`)).status).toBe(200);
  await mesh.level();
}, 120_000);

test('a rolling restart loses no fact and no request that is repeated, and no agent notices', async () => {
  const noticed = () => mesh.nodes.map(({ disconnections, resyncs }) => disconnections + resyncs);
  const before = noticed();
  const old = new Set(plane.ready().services!.map(({ pid }) => pid));
  const rolling = spawn(process.execPath, ['scripts/roll.mjs', '--data', join(plane.dir, 'data')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let ended = false;
  const rolled = once(rolling, 'exit').then(([code]) => ((ended = true), code as number));

  const acknowledged: string[] = [];
  for (let n = 0; !ended; n++) {
    const { status } = await mesh.client.ask('PATCH', mesh.path('nodes/a'), { labels: { n: String(n) } });
    expect(status).toBe(200);
    acknowledged.push(String(n));
    await mesh.enter(`during-${n}`);
    if (n >= 40) await rolled;
  }
  expect(await rolled).toBe(0);
  expect(plane.ready().services!.filter(({ pid }) => old.has(pid))).toEqual([]);

  const log = await mesh.facts();
  expect(log.map(({ version }) => version)).toEqual(log.map((_, i) => i + 1));
  expect(log.flatMap(({ type, data }) => (type === 'NodeChanged' ? [data.changes?.labels?.n] : []))).toEqual(
    acknowledged,
  );
  expect(log.flatMap(({ type, data }) => (type === 'NodeEnrolled' ? [data.name] : []))).toEqual(
    mesh.nodes.map(({ name }) => name),
  );
  expect(await mesh.client.get(mesh.path('log/verify'))).toMatchObject({ ok: true, facts: log.length });
  await mesh.level();
  expect(noticed().slice(0, before.length)).toEqual(before);
}, 180_000);

test('kill -9 of the one that watches takes all with it, the next start goes on, and a stop ends every process', async () => {
  const pids = () => {
    const { services = [], brokers = [], database } = plane.ready();
    return [...services, ...brokers, database!].map(({ pid }) => pid);
  };
  const first = pids();
  const urls = plane.ready().brokers!.map(({ url }) => url);
  const [paused] = first;
  process.kill(paused!, 'SIGSTOP');
  await plane.end('SIGKILL');
  await Promise.all(first.slice(1).map((pid) => gone(pid)));

  const place = { dir: plane.dir, http: new URL(plane.http).host, nats: new URL(plane.nats).host, flags };
  plane = await startControlPlane(place);
  await gone(paused!);
  // Agents know all brokers by where they were.
  expect(plane.ready().brokers!.map(({ url }) => url)).toEqual(urls);
  await mesh.enter('after');
  await mesh.level();

  const second = pids();
  await plane.end('SIGINT');
  await Promise.all(second.map((pid) => gone(pid)));
  expect(existsSync(join(plane.dir, 'data', 'ready.json'))).toBe(false);
}, 180_000);
