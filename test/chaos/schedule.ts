import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../simulation/random.js';
import { LiveMesh } from '../support/live-mesh.js';
import { PatientClient } from '../support/patient-client.js';
import { until } from '../support/wait.js';
import type { ChaosPlane, Party } from './chaos-plane.js';
import { type Fault, FAULTS, pickFault, type Struck } from './faults.js';
import { Book, Load } from './load.js';
import { brokenPromises } from './promises.js';
import { REAL_FAULTS } from './real-faults.js';
import { RealMesh } from './real-mesh.js';
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

export interface ScheduleOptions {
  seed: number;
  /** Of load and faults. */
  seconds: number;
  /** How many real agents there are beside the simulated ones, in a network of their own. */
  realAgents: number;
}

const CLIENTS = ['a', 'b', 'c', 'd'];
/** Of the network of real agents. */
const REAL_CLIENTS = ['x', 'y'];
/** Heartbeats and observations; signs of life, of relays and members of gateways. */
const BEAT_MS = 2_000;
const SIGN_MS = 500;
const PATIENCE_MS = 180_000;
const FIRST: Readonly<Record<string, Spot>> = { first: 'open', second: 'open', third: 'steady', fourth: 'changing' };

/**
 * One schedule: networks of its own, load and faults for a while as the seed says, then the faults end and all that is promised is
 * looked at. The seed decides what is done and when; who is first where several race is up to the machine.
 * @throws Error that says what is not as promised
 */
export async function runSchedule(chaos: ChaosPlane, options: ScheduleOptions): Promise<Report> {
  const { seed, seconds, realAgents } = options;
  const terrain = new Terrain(new Random(seed * 31 + 17));
  const mesh = await LiveMesh.create(chaos.plane, `chaos-${seed}`, (name) => {
    const endpoints = terrain.settle(name, FIRST[name]);
    const party: Party = name.length % 2 === 0 ? 'some agents' : 'other agents';
    return { endpoints, brokers: (urls) => chaos.over(party, urls) };
  });
  const source = await SourceClient.create(mesh, (urls) => chaos.over('other agents', urls));
  const timers = [setInterval(() => beat(mesh, terrain), BEAT_MS), setInterval(() => signs(mesh), SIGN_MS)];
  let real: RealMesh | undefined;
  try {
    if (realAgents > 0) real = await RealMesh.start(chaos, `real-${seed}`, realAgents);
    for (const name of Object.keys(FIRST)) await mesh.enter(name);
    const book = new Book();
    const clients = CLIENTS.map((name, i) => {
      // One asks the registry behind bad lines.
      const client = i === 0 ? new PatientClient(chaos.remoteHttp, chaos.plane.token) : mesh.client;
      return new Load({ mesh, client, book, name, random: new Random(seed * 31 + i) });
    });
    const ofReal = real && new RealPart(real, seed);
    const faults: string[] = [];
    const over = performance.now() + seconds * 1_000;
    const isOver = () => performance.now() > over;
    const run = { isOver, faults };
    await Promise.all([
      ...clients.map((client) => client.run(isOver)),
      new SourceLoad(mesh, source, new Random(seed * 31 + 16)).run(isOver),
      strike({ chaos, mesh, random: new Random(~seed) }, FAULTS, run),
      ofReal?.run(chaos, run),
    ]);
    const ended = performance.now();
    const commands = await source.settle();
    book.settled.push(...commands);
    const broken = chaos.broken();
    if (broken.length > 0) throw new Error(`ended by themselves: ${broken.join('\n')}`);
    await none('not ready', () => chaos.unready());
    await connected(mesh, terrain);
    const facts = (await verified(mesh, book)) + ((await ofReal?.verified()) ?? 0);
    const writes = [...book.settled, ...(ofReal?.book.settled ?? [])];
    const yes = (list: { status: number }[]) => list.filter(({ status }) => status < 300).length;
    const acknowledged = yes(writes) - yes(commands);
    return {
      acknowledged: acknowledged + book.joined.length + (ofReal?.book.joined.length ?? 0),
      refused: writes.length - commands.length - acknowledged,
      ingested: yes(commands),
      rejected: commands.length - yes(commands),
      facts,
      faults,
      settledMs: Math.round(performance.now() - ended),
    };
  } finally {
    timers.forEach((timer) => clearInterval(timer));
    await Promise.all([mesh.close(), source.close(), real?.close()]);
  }
}

/** What a schedule does to real agents, and what it looks at in the end. */
class RealPart {
  readonly book = new Book();
  readonly #clients: Load[];

  constructor(
    private readonly real: RealMesh,
    private readonly seed: number,
  ) {
    const { mesh, machines } = real;
    this.#clients = REAL_CLIENTS.map(
      (name, i) =>
        new Load({
          mesh,
          client: mesh.client,
          book: this.book,
          name,
          real: machines,
          random: new Random(seed * 31 + 20 + i),
        }),
    );
  }

  async run(chaos: ChaosPlane, run: Run): Promise<void> {
    const { real } = this;
    const timer = setInterval(() => real.mesh.nodes.forEach((node) => node.beat()), BEAT_MS);
    try {
      await Promise.all([
        ...this.#clients.map((client) => client.run(run.isOver)),
        strike({ chaos, mesh: real.mesh, real, random: new Random(~this.seed * 31) }, REAL_FAULTS, run),
      ]);
    } finally {
      clearInterval(timer);
    }
    await this.#clients[0]!.enableReal();
  }

  /** @returns how many facts there are */
  async verified(): Promise<number> {
    await this.real.level(PATIENCE_MS);
    await this.real.reach(PATIENCE_MS);
    return verified(this.real.mesh, this.book);
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

interface Run {
  isOver(): boolean;
  /** What happened, in order. */
  faults: string[];
}

/** One fault after the other, some while the one before goes on. */
async function strike<S extends Struck>(struck: S, kinds: readonly Fault<S>[], run: Run): Promise<void> {
  const going: Promise<void>[] = [];
  while (!run.isOver()) {
    const [name, , happen] = pickFault(kinds, struck.random);
    run.faults.push(name);
    going.push(happen(struck));
    await sleep(struck.random.between(100, 1_500));
  }
  await Promise.all(going);
}

/** Waits until all simulated nodes and JetStream follow the log, and compares it with what was answered. @returns how many facts there are */
async function verified(mesh: LiveMesh, book: Book): Promise<number> {
  await mesh.level(PATIENCE_MS);
  await mesh.distributed(PATIENCE_MS);

  const facts = await mesh.facts();
  const problems = brokenPromises(facts, book);
  const chain = await mesh.client.get<{ ok: boolean; facts: number }>(mesh.path('log/verify'));
  // What agents tell may lead to facts at any time.
  if (!chain.ok || chain.facts < facts.length) problems.push(`the hash chain is broken: ${JSON.stringify(chain)}`);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return facts.length;
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
