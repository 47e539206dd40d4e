import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../simulation/random.js';
import type { ControlPlane } from '../support/control-plane.js';
import { LiveMesh } from '../support/live-mesh.js';
import { until } from '../support/wait.js';
import { pickFault } from './faults.js';
import { Book, Load } from './load.js';
import { brokenPromises } from './promises.js';

export interface Report {
  /** Writes that were answered with yes, and with no. */
  acknowledged: number;
  refused: number;
  facts: number;
  /** What happened, in order. */
  faults: string[];
  /** From the last fault until everything was as it must be. */
  settledMs: number;
}

const CLIENTS = ['a', 'b', 'c', 'd'];
const BEAT_MS = 2_000;
const PATIENCE_MS = 120_000;

/**
 * One schedule: a network of its own, load and faults for a while as the seed says, then the faults end and all that is promised is
 * looked at. The seed decides what is done and when; who is first where several race is up to the machine.
 * @throws Error that says what is not as promised
 */
export async function runSchedule(plane: ControlPlane, seed: number, seconds: number): Promise<Report> {
  const mesh = await LiveMesh.create(plane, `chaos-${seed}`);
  const beating = setInterval(() => mesh.nodes.forEach((node) => node.beat()), BEAT_MS);
  try {
    for (const name of ['first', 'second', 'third']) await mesh.enter(name);
    const book = new Book();
    const clients = CLIENTS.map((name, i) => new Load(mesh, book, name, new Random(seed * 31 + i)));
    const faults: string[] = [];
    const over = performance.now() + seconds * 1_000;
    const isOver = () => performance.now() > over;
    await Promise.all([
      ...clients.map((client) => client.run(isOver)),
      strike(mesh, new Random(~seed), { isOver, faults }),
    ]);
    const ended = performance.now();
    await verify(mesh, book);
    const yes = book.settled.filter(({ status }) => status < 300).length;
    return {
      acknowledged: yes + book.joined.length,
      refused: book.settled.length - yes,
      facts: (await mesh.facts()).length,
      faults,
      settledMs: Math.round(performance.now() - ended),
    };
  } finally {
    clearInterval(beating);
    await mesh.close();
  }
}

/** One fault after the other, some while the one before goes on. */
async function strike(mesh: LiveMesh, random: Random, run: { isOver(): boolean; faults: string[] }): Promise<void> {
  const going: Promise<void>[] = [];
  while (!run.isOver()) {
    const [name, , happen] = pickFault(random);
    run.faults.push(name);
    going.push(happen({ mesh, random }));
    await sleep(random.between(100, 1_500));
  }
  await Promise.all(going);
}

async function verify(mesh: LiveMesh, book: Book): Promise<void> {
  await until('all processes to be ready again', () => allReady(mesh.plane), PATIENCE_MS);
  await mesh.level(PATIENCE_MS);
  await mesh.distributed(PATIENCE_MS);

  const facts = await mesh.facts();
  const problems = brokenPromises(facts, book);
  const chain = await mesh.client.get<{ ok: boolean; facts: number }>(mesh.path('log/verify'));
  if (!chain.ok || chain.facts !== facts.length) problems.push(`the hash chain is broken: ${JSON.stringify(chain)}`);
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

async function allReady(plane: ControlPlane): Promise<boolean> {
  const ready = await Promise.all(
    plane.ready().services!.map(({ health }) =>
      fetch(`${health}/readyz`, { signal: AbortSignal.timeout(3_000) }).then(
        ({ ok }) => ok,
        () => false,
      ),
    ),
  );
  return ready.every(Boolean);
}
