import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../simulation/random.js';
import { LiveMesh } from '../support/live-mesh.js';
import { PatientClient } from '../support/patient-client.js';
import { until } from '../support/wait.js';
import type { ChaosPlane, Party } from './chaos-plane.js';
import { pickFault } from './faults.js';
import { Book, Load } from './load.js';
import { brokenPromises } from './promises.js';
import { SourceClient } from './source-client.js';
import { SourceLoad } from './source-load.js';
import { type Spot, Terrain } from './terrain.js';
import { unconnected } from './unconnected.js';

export interface Report {
  /** Writes of clients that were answered with yes, and with no. */
  acknowledged: number;
  refused: number;
  /** Commands of the source, by what became of them. */
  ingested: number;
  rejected: number;
  facts: number;
  /** What happened, in order. */
  faults: string[];
  /** From the last fault until everything was as it must be. */
  settledMs: number;
}

const CLIENTS = ['a', 'b', 'c', 'd'];
/** Heartbeats and observations; signs of life, of relays and members of gateways. */
const BEAT_MS = 2_000;
const SIGN_MS = 500;
const PATIENCE_MS = 180_000;
const FIRST: Readonly<Record<string, Spot>> = { first: 'open', second: 'open', third: 'steady', fourth: 'changing' };

/**
 * One schedule: a network of its own, load and faults for a while as the seed says, then the faults end and all that is promised is
 * looked at. The seed decides what is done and when; who is first where several race is up to the machine.
 * @throws Error that says what is not as promised
 */
export async function runSchedule(chaos: ChaosPlane, seed: number, seconds: number): Promise<Report> {
  const { plane } = chaos;
  const terrain = new Terrain(new Random(seed * 31 + 17));
  const mesh = await LiveMesh.create(plane, `chaos-${seed}`, (name) => {
    const endpoints = terrain.settle(name, FIRST[name]);
    const party: Party = name.length % 2 === 0 ? 'some agents' : 'other agents';
    return { endpoints, brokers: (urls) => chaos.over(party, urls) };
  });
  const source = await SourceClient.create(mesh, (urls) => chaos.over('other agents', urls));
  const timers = [setInterval(() => beat(mesh, terrain), BEAT_MS), setInterval(() => signs(mesh), SIGN_MS)];
  try {
    for (const name of Object.keys(FIRST)) await mesh.enter(name);
    const book = new Book();
    const clients = CLIENTS.map((name, i) => {
      // One asks the registry behind bad lines.
      const client = i === 0 ? new PatientClient(chaos.remoteHttp, plane.token) : mesh.client;
      return new Load({ mesh, client, book, name, random: new Random(seed * 31 + i) });
    });
    const faults: string[] = [];
    const over = performance.now() + seconds * 1_000;
    const isOver = () => performance.now() > over;
    await Promise.all([
      ...clients.map((client) => client.run(isOver)),
      new SourceLoad(mesh, source, new Random(seed * 31 + 16)).run(isOver),
      strike({ chaos, mesh, random: new Random(~seed) }, { isOver, faults }),
    ]);
    const ended = performance.now();
    const commands = await source.settle();
    book.settled.push(...commands);
    await verify({ chaos, mesh, terrain }, book);
    const yes = (list: { status: number }[]) => list.filter(({ status }) => status < 300).length;
    const acknowledged = yes(book.settled) - yes(commands);
    return {
      acknowledged: acknowledged + book.joined.length,
      refused: book.settled.length - commands.length - acknowledged,
      ingested: yes(commands),
      rejected: commands.length - yes(commands),
      facts: (await mesh.facts()).length,
      faults,
      settledMs: Math.round(performance.now() - ended),
    };
  } finally {
    timers.forEach((timer) => clearInterval(timer));
    await Promise.all([mesh.close(), source.close()]);
  }
}

function beat(mesh: LiveMesh, terrain: Terrain): void {
  for (const node of mesh.nodes) node.beat();
  terrain.observe(mesh.nodes);
}

function signs(mesh: LiveMesh): void {
  for (const node of mesh.nodes) {
    const probed = [...(node.set?.resources.keys() ?? [])].filter((name) => name.startsWith('probe/'));
    if (node.running) node.probe(...probed.map((name) => name.slice('probe/'.length)));
  }
}

/** One fault after the other, some while the one before goes on. */
async function strike(
  struck: { chaos: ChaosPlane; mesh: LiveMesh; random: Random },
  run: { isOver(): boolean; faults: string[] },
): Promise<void> {
  const going: Promise<void>[] = [];
  while (!run.isOver()) {
    const [name, , happen] = pickFault(struck.random);
    run.faults.push(name);
    going.push(happen(struck));
    await sleep(struck.random.between(100, 1_500));
  }
  await Promise.all(going);
}

async function verify(
  { chaos, mesh, terrain }: { chaos: ChaosPlane; mesh: LiveMesh; terrain: Terrain },
  book: Book,
): Promise<void> {
  await none('not ready', () => chaos.unready());
  await connected(mesh, terrain);
  await mesh.level(PATIENCE_MS);
  await mesh.distributed(PATIENCE_MS);

  const facts = await mesh.facts();
  const problems = brokenPromises(facts, book);
  const chain = await mesh.client.get<{ ok: boolean; facts: number }>(mesh.path('log/verify'));
  // What agents tell may lead to facts at any time.
  if (!chain.ok || chain.facts < facts.length) problems.push(`the hash chain is broken: ${JSON.stringify(chain)}`);
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

async function connected(mesh: LiveMesh, terrain: Terrain): Promise<void> {
  await none('no path between', async () => unconnected(await mesh.state(), (name) => terrain.spotOf(name)));
}

/** Waits until there is no such problem. @throws Error with those there are in the end */
async function none(what: string, look: () => Promise<string[]>): Promise<void> {
  let problems: string[] = [];
  const isOver = async () => (problems = await look()).length === 0;
  await until(`none ${what}`, isOver, PATIENCE_MS).catch(() => {
    throw new Error(`still, after ${PATIENCE_MS} ms: ${what} ${problems.join('; ')}`);
  });
}
