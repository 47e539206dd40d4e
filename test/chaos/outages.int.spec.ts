import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ControlPlane, startControlPlane } from '../support/control-plane.js';
import { LiveMesh } from '../support/live-mesh.js';
import { gone } from '../support/killable.js';
import { until } from '../support/wait.js';

/** Everything twice on three NATS servers; each test takes away something that all of it needs. */
let plane: ControlPlane;
let mesh: LiveMesh;

beforeAll(async () => {
  plane = await startControlPlane({ flags: ['--replicas', '2', '--nats-nodes', '3'] });
  mesh = await LiveMesh.create(plane, 'hard');
  for (const name of ['a', 'b', 'c']) await mesh.enter(name);
  await mesh.level();
}, 180_000);
afterAll(async () => {
  await mesh?.close();
  await plane?.remove();
}, 60_000);

/** Whoever watches is paused meanwhile, so that what is killed stays away as long as the test wants. */
async function without(pids: number[], meanwhile: () => Promise<void>): Promise<void> {
  process.kill(plane.pid, 'SIGSTOP');
  try {
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await Promise.all(pids.map((pid) => gone(pid)));
    await meanwhile();
  } finally {
    process.kill(plane.pid, 'SIGCONT');
  }
}

const sets = () => mesh.nodes.map(({ digest }) => digest);
const raw = (method: string, path: string, body?: object) =>
  fetch(`${plane.http}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${plane.token}`, 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });

test('PostgreSQL is away: writes are a 503 with Retry-After, reads and agents go on; it comes back by itself', async () => {
  const held = sets();
  await without([plane.ready().database!.pid], async () => {
    // Not only one registry knows the network.
    for (let n = 0; n < 6; n++) {
      const write = await raw('PATCH', mesh.path('nodes/a'), { labels: { n: String(n) } });
      expect(write.status).toBe(503);
      expect(Number(write.headers.get('retry-after'))).toBeGreaterThan(0);
      for (const path of [mesh.path('nodes'), mesh.path('status')]) expect((await raw('GET', path)).status).toBe(200);
    }
    const ready = await Promise.all(plane.ready().services!.map(({ health }) => fetch(`${health}/readyz`)));
    expect(ready.map(({ status }) => status)).toEqual(ready.map(() => 503));
    const alive = await Promise.all(plane.ready().services!.map(({ health }) => fetch(`${health}/healthz`)));
    expect(alive.map(({ status }) => status)).toEqual(alive.map(() => 200));
    expect(sets()).toEqual(held);
  });
  expect(await mesh.client.ask('PATCH', mesh.path('nodes/a'), { labels: { after: 'it' } })).toMatchObject({
    status: 200,
  });
  await mesh.enter('d');
  await mesh.level();
  await mesh.distributed();
}, 120_000);

test("JetStream's storage is wiped: agents hold what they have, streams are made from the log, all catch up", async () => {
  const before = await mesh.facts();
  const store = join(plane.dir, 'data', 'nats', 'cluster-3');
  const held = sets();
  await without(
    plane.ready().brokers!.map(({ pid }) => pid),
    async () => {
      for (const broker of readdirSync(store)) rmSync(join(store, broker, 'jetstream'), { recursive: true });
      // Taken into the log without any broker.
      const key = await raw('POST', mesh.path('enrollment-keys'), {});
      expect(key.status).toBe(201);
      expect((await raw('PATCH', mesh.path('nodes/b'), { name: 'b-renamed' })).status).toBe(200);
      expect(sets()).toEqual(held);
    },
  );
  await mesh.enter('e');
  await mesh.level(60_000);
  await mesh.distributed(60_000);
  expect((await mesh.facts()).slice(0, before.length)).toEqual(before);
  // One that lost what it held, too, finds no full in the new stream.
  const [amnesiac] = mesh.nodes;
  amnesiac!.set = undefined;
  await until('it to be given everything again', () => amnesiac!.set, 90_000);
  await mesh.level();
}, 240_000);
