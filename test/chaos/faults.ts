import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Random } from '../simulation/random.js';
import { gone } from '../support/killable.js';
import type { LiveMesh } from '../support/live-mesh.js';
import type { BadLine } from './bad-line.js';
import { type ChaosPlane, databaseUrl, type Party } from './chaos-plane.js';

export interface Struck {
  chaos: ChaosPlane;
  mesh: LiveMesh;
  random: Random;
}

/** Its name, how often it happens compared with others, and what does. */
export type Fault<S extends Struck = Struck> = [string, number, (struck: S) => Promise<void>];

const OF_PROCESSES: Fault[] = [
  ['a service is killed', 5, async ({ mesh, random }) => kill(pick(services(mesh), random))],
  ['a service is paused', 5, ({ chaos, random }) => pause(pick(chaos.pids(), random), random.between(300, 4_000))],
  ['a broker is killed', 3, async ({ mesh, random }) => kill(pick(brokers(mesh), random))],
  ['a broker is paused', 2, ({ mesh, random }) => pause(pick(brokers(mesh), random), random.between(300, 2_000))],
  ['all brokers are killed', 1, async ({ mesh }) => brokers(mesh).forEach(kill)],
  ['the storage of all brokers is wiped', 1, ({ mesh }) => wipe(mesh)],
  ['PostgreSQL is killed', 2, async ({ mesh }) => kill(mesh.plane.ready().database!.pid)],
  // Its way to stop at once and in order.
  ['PostgreSQL is restarted', 1, async ({ mesh }) => signal(mesh.plane.ready().database!.pid, 'SIGINT')],
  ['connections to PostgreSQL are cut', 2, ({ mesh }) => cutDatabase(mesh)],
  ['an agent is killed', 2, (struck) => agent(struck, { awayMs: 0, lost: false })],
  ['an agent loses its state', 1, (struck) => agent(struck, { awayMs: 0, lost: true })],
  ['an agent is away', 2, (struck) => agent(struck, { awayMs: struck.random.between(500, 3_000), lost: false })],
];

const OF_LINES: Fault[] = [
  ['half of the agents are cut off from a broker', 2, (struck) => spoil(struck, { party: 'some agents', how: 'cut' })],
  [
    'half of the agents are cut off from all brokers but one',
    2,
    (struck) => spoil(struck, { party: 'other agents', how: 'cut', spare: 1 }),
  ],
  [
    'half of the agents hear nothing for a while',
    1,
    (struck) => spoil(struck, { party: 'some agents', how: 'hang', spare: 0 }),
  ],
  [
    'messages of agents come late and twice',
    3,
    (struck) => spoil(struck, { party: 'other agents', how: 'slow', spare: 0 }),
  ],
  [
    'messages of services come late and twice',
    3,
    (struck) => spoil(struck, { party: 'services', how: 'slow', spare: 0 }),
  ],
  ['services are cut off from a broker', 1, (struck) => spoil(struck, { party: 'services', how: 'cut' })],
  ['services hear nothing for a while', 1, (struck) => spoil(struck, { party: 'services', how: 'hang', spare: 0 })],
];

/** What may happen, and how often compared with the others. Each resolves when what it did by itself is over. */
export const FAULTS: readonly Fault[] = [...OF_PROCESSES, ...OF_LINES];

export function pickFault<S extends Struck>(faults: readonly Fault<S>[], random: Random): Fault<S> {
  return pick(
    faults.flatMap((fault) => Array<Fault<S>>(fault[1]).fill(fault)),
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

let wiped = Promise.resolve();

/** One after the other, each while no broker runs: whoever starts them again is paused meanwhile. */
function wipe({ plane }: LiveMesh): Promise<void> {
  return (wiped = wiped.then(async () => {
    const store = join(plane.dir, 'data', 'nats');
    signal(plane.pid, 'SIGSTOP');
    try {
      // Also one that has just been started and is known to nobody yet.
      const running = processesOf(store);
      running.forEach(kill);
      await Promise.all(running.map((pid) => gone(pid)));
      for (const cluster of readdirSync(store).filter((name) => name.startsWith('cluster-')))
        for (const broker of readdirSync(join(store, cluster)))
          rmSync(join(store, cluster, broker, 'jetstream'), { recursive: true, force: true });
    } finally {
      signal(plane.pid, 'SIGCONT');
    }
  }));
}

/** Those that name a directory on their command line. */
function processesOf(directory: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(`${directory}/`)
        ? [Number(name)]
        : [];
    } catch {
      return [];
    }
  });
}

async function cutDatabase({ plane }: LiveMesh): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl(plane) });
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
  node.kill();
  await sleep(awayMs);
  // It may have left meanwhile, or somebody else has started it.
  if (mesh.nodes.includes(node) && !node.running) node.start({ lost });
}

interface Spoiling {
  party: Party;
  how: 'cut' | 'hang' | 'slow';
  /** How many of its lines stay as they are; all but one if left out. */
  spare?: number;
}

/** Makes lines of a party bad for a while. Others that did the same end with it. */
export async function spoil({ chaos, random }: Struck, { party, how, spare }: Spoiling): Promise<void> {
  const lines = chaos.lines[party];
  const first = Math.floor(random.next() * lines.length);
  const inTurn = [...lines.slice(first), ...lines.slice(0, first)];
  const bad: BadLine[] = inTurn.slice(0, lines.length - (spare ?? lines.length - 1));
  for (const line of bad)
    if (how === 'slow') line.weather = { delayMs: random.between(50, 400), duplication: 0.3 };
    else line[how]();
  await sleep(random.between(500, 4_000));
  for (const line of bad) line.mend();
}
