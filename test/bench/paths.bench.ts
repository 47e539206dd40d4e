import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Member, Mesh, NETWORK } from '../lab/mesh.js';
import { LossProbe } from '../lab/rig/loss-probe.js';
import { waitFor } from '../lab/rig/wait-for.js';
import { type PathFault, PATH_FAULTS, type PathsResult } from './results.js';
import { summary } from './summary.js';

/**
 * How long two nodes do not hear each other when something happens to their path, as JSON on standard output: real agents and
 * WireGuard in namespaces, 100 packets a second there and back, each fault once the mesh is as it was before the last one.
 * `--runs N`: of each fault (21). `--quick`: three.
 *
 * - relayKilled: the relay between two loses its cable, and every program of it ends
 * - relayOverloaded: their relay is left room for one node of the two
 * - pathCut: no UDP passes any more between two who had punched a path; of three pairs at once
 * - routerReboot: the router of one of them loses its mappings and shows another port; of three pairs at once
 * - movedPunched: one of them gets another address, router and address outside; of three pairs at once
 * - movedPublic: a node does so that talks to one which anybody can call; the other one sends
 */
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '21' }, quick: { type: 'boolean', default: false } },
});
const PAIRS = 3;
const rounds = Math.ceil((values.quick ? PAIRS : Number(values.runs)) / PAIRS);
const RELAYS = `networks/${NETWORK}/relays`;
const RATE = 100;
/** By then each end has looked at the other, and knows how soon it answers. */
const BEFORE = 3 * RATE;
/** Whatever was under way when something happened has come by then. */
const UNDER_WAY_MS = 300;
/** What takes longer to be repaired is a failure. */
const PATIENCE_MS = 60_000;

type Pair = [Member, Member];

const gaps = Object.fromEntries(PATH_FAULTS.map((fault) => [fault, [] as number[]])) as Record<PathFault, number[]>;
const mesh = await Mesh.start();
let port = 9000;
try {
  const [r, s, known, ...atHome] = (await Promise.all([
    ...['r', 's', 'public'].map((name) => mesh.join(name)),
    ...['c', 'd'].map((name) => mesh.join(name, { nat: 'symmetric' })),
    ...Array.from({ length: 2 * PAIRS + 1 }, (_, n) => mesh.join(`home-${n}`, { nat: 'cone' })),
  ])) as [Member, Member, Member, ...Member[]];
  const [c, d, roaming, ...paired] = atHome as [Member, Member, Member, ...Member[]];
  const relayed: Pair = [c, d];
  const punched = Array.from({ length: PAIRS }, (_, n) => paired.slice(2 * n, 2 * n + 2) as Pair);
  const seconds = punched.map(([, second]) => second);
  const all = [r, s, known, ...atHome];
  for (const { name } of [r, s]) await mesh.control.call('PUT', `${RELAYS}/${name}`, {});
  await punch(punched);

  for (let run = 0; run < rounds * PAIRS; run++) {
    await settle();
    const used = await relayOf(relayed);
    const via = used === r.name ? r : s;
    await measure('relayKilled', [relayed], async () => {
      await mesh.internet.unplug(via.host);
      await via.host.crash();
    });
    await waitFor(async () => (await relayOf(relayed)) !== used, { what: `${used} to be left` });
    await mesh.internet.replug(via.host, via.publicAddress);
    via.agent.run();
    await settle([r, s].flatMap((relay) => relayed.map((node): Pair => [relay, node])));

    const crowded = await crowdedRelay();
    await measure('relayOverloaded', [relayed], () =>
      mesh.control.call('PUT', `${RELAYS}/${crowded}`, { capacity: 1 }),
    );
    await waitFor(async () => (await relays()).every(({ nodes, capacity }) => nodes.length <= capacity), {
      what: `${crowded} to have room`,
    });
    await mesh.control.call('PUT', `${RELAYS}/${crowded}`, { capacity: 1000 });

    await measure('movedPublic', [[known, roaming]], () => mesh.move(roaming, 'cone'));
  }

  for (let round = 0; round < rounds; round++) {
    await settle(punched);
    await measure('pathCut', punched, () =>
      mesh.internet.cut(...punched.map(([a, b]): [string, string] => [a.publicAddress, b.publicAddress])),
    );
    for (const pair of punched)
      await waitFor(async () => (await pathOf(pair)).path === 'relayed', { what: `${nameOf(pair)} to be relayed` });
    await mesh.internet.cut();
    // Whose port is another one is somewhere else: the pairs need not wait.
    await Promise.all(seconds.map((node) => mesh.rebootRouter(node)));
    await punch(punched);
    await settle(punched);
    await measure('routerReboot', punched, () => Promise.all(seconds.map((node) => mesh.rebootRouter(node))));
    await punch(punched);
    await settle(punched);
    await measure('movedPunched', punched, () => Promise.all(seconds.map((node) => mesh.move(node, 'cone'))));
    await punch(punched);
  }
  const gapMs = Object.fromEntries(PATH_FAULTS.map((fault) => [fault, summary(gaps[fault])]));
  const runs = rounds * PAIRS;
  console.log(JSON.stringify({ paths: { runs, gapMs: gapMs as PathsResult['paths']['gapMs'] } } satisfies PathsResult));

  /** Waits until all agents hold what they shall hold, nobody misses anybody, relays are reached by all, and these pairs hear each other. */
  async function settle(pairs: Pair[] = [relayed]): Promise<void> {
    await mesh.waitUntilInSync(all);
    const missed = async () => {
      const views = await mesh.control.list<PathView>(`networks/${NETWORK}/paths?`);
      const isRelays = ({ a, b }: PathView) => [a, b].some(({ name }) => name === r.name || name === s.name);
      const bad = views.filter(
        (view) => view.path === 'none' || view.link === 'unanswered' || (isRelays(view) && view.path !== 'public'),
      );
      if (bad.length > 0) throw new Error(bad.map(({ a, b }) => `${a.name} and ${b.name}`).join(', '));
      return true;
    };
    await waitFor(missed, { what: 'all pairs to hear each other', timeout: PATIENCE_MS, every: 250 });
    for (const [a, b] of pairs)
      await waitFor(() => a.host.pings(b.addresses[0] as string), {
        what: `${b.name} to answer ${a.name}`,
        timeout: PATIENCE_MS,
      });
  }
} finally {
  await mesh.close();
}

/** The longest silence of each pair from when something happens to its path until packets come back for a second. */
async function measure(fault: PathFault, pairs: Pair[], begin: () => Promise<unknown>): Promise<void> {
  const probes = await Promise.all(pairs.map(talk));
  await Promise.all(probes.map((probe) => probe.more(BEFORE)));
  await begin();
  await pause(UNDER_WAY_MS);
  await Promise.all(probes.map((probe) => probe.more(RATE, { timeout: PATIENCE_MS })));
  const found = (await Promise.all(probes.map((probe) => probe.stop()))).map(({ longestGap }) => longestGap);
  console.error(`${fault}: ${found.join(', ')} ms`);
  gaps[fault].push(...found);
}

/** Has each pair talk until it has a path of its own, which both hold. */
async function punch(pairs: Pair[]): Promise<void> {
  const probes = await Promise.all(pairs.map(talk));
  for (const pair of pairs)
    await waitFor(async () => (await pathOf(pair)).path === 'punched', {
      what: `${nameOf(pair)} to have a path of their own`,
      timeout: 2 * PATIENCE_MS,
      every: 250,
    });
  await mesh.waitUntilInSync(pairs.flat());
  await Promise.all(probes.map((probe) => probe.stop()));
}

function talk([from, to]: Pair): Promise<LossProbe> {
  return LossProbe.start(from.host, { host: to.host, address: to.addresses[0] as string, port: port++ }, RATE);
}

interface PathView {
  a: { name: string };
  b: { name: string };
  path: string;
  via: { name: string }[];
  link: string;
}

async function pathOf(pair: Pair): Promise<PathView> {
  const among = pair.map(({ name }) => name).join();
  const [found] = await mesh.control.list<PathView>(`networks/${NETWORK}/paths?among=${among}`);
  if (!found) throw new Error(`nothing is known of ${nameOf(pair)}`);
  return found;
}

function nameOf([a, b]: Pair): string {
  return `${a.name} and ${b.name}`;
}

/** The relay between two who have one. */
async function relayOf(pair: Pair): Promise<string> {
  const { via } = await pathOf(pair);
  const [relay] = via;
  if (!relay || via.length > 1) throw new Error(`${nameOf(pair)} have ${via.length} relays`);
  return relay.name;
}

interface RelayView {
  node: { name: string };
  capacity: number;
  nodes: unknown[];
}

async function relays(): Promise<RelayView[]> {
  return (await mesh.control.call<{ items: RelayView[] }>('GET', RELAYS)).items;
}

/** The relay with most nodes behind it. */
async function crowdedRelay(): Promise<string> {
  return (await relays()).reduce((most, each) => (each.nodes.length > most.nodes.length ? each : most)).node.name;
}
