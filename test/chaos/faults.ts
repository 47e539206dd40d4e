import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Random } from '../simulation/random.js';
import type { ControlPlane } from '../support/control-plane.js';
import { gone } from '../support/killable.js';
import type { LiveMesh } from '../support/live-mesh.js';

export interface Struck {
  mesh: LiveMesh;
  random: Random;
}

/** What may happen, and how often compared with the others. Each resolves when what it did by itself is over. */
export const FAULTS: [string, number, (struck: Struck) => Promise<void>][] = [
  ['a service is killed', 5, async ({ mesh, random }) => kill(pick(services(mesh), random))],
  ['a service is paused', 5, ({ mesh, random }) => pause(pick(services(mesh), random), random.between(300, 4_000))],
  ['a broker is killed', 3, async ({ mesh, random }) => kill(pick(brokers(mesh), random))],
  ['a broker is paused', 2, ({ mesh, random }) => pause(pick(brokers(mesh), random), random.between(300, 2_000))],
  ['all brokers are killed', 1, async ({ mesh }) => brokers(mesh).forEach(kill)],
  ['the storage of all brokers is wiped', 1, ({ mesh }) => wipe(mesh.plane)],
  ['PostgreSQL is killed', 2, async ({ mesh }) => kill(mesh.plane.ready().database!.pid)],
  ['connections to PostgreSQL are cut', 2, ({ mesh }) => cut(mesh.plane)],
  ['an agent is killed', 2, (struck) => agent(struck, { awayMs: 0, lost: false })],
  ['an agent loses its state', 1, (struck) => agent(struck, { awayMs: 0, lost: true })],
  ['an agent is away', 2, (struck) => agent(struck, { awayMs: struck.random.between(500, 3_000), lost: false })],
];

export function pickFault(random: Random): (typeof FAULTS)[number] {
  return pick(
    FAULTS.flatMap((fault) => Array<typeof fault>(fault[1]).fill(fault)),
    random,
  );
}

const services = ({ plane }: LiveMesh) => plane.ready().services!.map(({ pid }) => pid);
const brokers = ({ plane }: LiveMesh) => plane.ready().brokers!.map(({ pid }) => pid);

function pick<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random.next() * list.length)] as T;
}

/** What is gone already is as good as killed. */
function kill(pid: number): void {
  signal(pid, 'SIGKILL');
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function pause(pid: number, ms: number): Promise<void> {
  signal(pid, 'SIGSTOP');
  await sleep(ms);
  signal(pid, 'SIGCONT');
}

/** Whoever starts them again is paused meanwhile. */
async function wipe(plane: ControlPlane): Promise<void> {
  const pids = plane.ready().brokers!.map(({ pid }) => pid);
  const store = join(plane.dir, 'data', 'nats', `cluster-${pids.length}`);
  signal(plane.pid, 'SIGSTOP');
  try {
    pids.forEach(kill);
    await Promise.all(pids.map((pid) => gone(pid)));
    for (const broker of readdirSync(store)) rmSync(join(store, broker, 'jetstream'), { recursive: true, force: true });
  } finally {
    signal(plane.pid, 'SIGCONT');
  }
}

async function cut({ dir, ready }: ControlPlane): Promise<void> {
  const { host, port } = ready().database!;
  const password = readFileSync(join(dir, 'data', 'keys', 'postgres-password'), 'utf8').trim();
  const client = new pg.Client({ host, port, user: 'tombolo', password, database: 'tombolo' });
  // It may be away already.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()',
      ['tombolo'],
    );
  } catch {
    return;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function agent({ mesh, random }: Struck, { awayMs, lost }: { awayMs: number; lost: boolean }): Promise<void> {
  if (mesh.nodes.length === 0) return;
  const node = pick(mesh.nodes, random);
  await node.close();
  await sleep(awayMs);
  // It may have left meanwhile.
  if (mesh.nodes.includes(node)) node.start({ lost });
}
