import { type Member, Mesh, NETWORK } from '../lab/mesh.js';
import { waitForPath } from '../lab/path-of.js';
import { LossProbe } from '../lab/rig/loss-probe.js';
import { waitFor } from '../lab/rig/wait-for.js';
import { describeMachine } from './machine.js';
import { summary } from './summary.js';

/**
 * How long two nodes do not hear each other when their path dies, as JSON on standard output: real agents and WireGuard behind
 * routers in namespaces, 200 packets a second there and back. `--runs N`: of each fault (10).
 *
 * - relayKilled: every program of the relay that both use ends at once
 * - relayOverloaded: their relay is left room for one node of the two
 * - pathCut: no UDP passes any more between two who had punched a path
 * - routerReboot: the router of one of them loses its mappings and shows another port
 * - keyRotated: one of two who punched a path gets another key
 * - addressChange: one of them gets another address, router and address outside; the other sends
 */
const RUNS = Number(process.argv[process.argv.indexOf('--runs') + 1]) || 10;
const FAULTS = ['relayKilled', 'relayOverloaded', 'pathCut', 'routerReboot', 'keyRotated', 'addressChange'] as const;
const RELAYS = `networks/${NETWORK}/relays`;

const machine = await describeMachine();
const mesh = await Mesh.start();
const gaps: Record<(typeof FAULTS)[number], number[]> = {
  relayKilled: [],
  relayOverloaded: [],
  pathCut: [],
  routerReboot: [],
  keyRotated: [],
  addressChange: [],
};
let port = 9000;
try {
  const [r, s, a, b, c, d, e, p] = (await Promise.all([
    ...['r', 's'].map((name) => mesh.join(name)),
    ...['a', 'b'].map((name) => mesh.join(name, { nat: 'cone' })),
    ...['c', 'd'].map((name) => mesh.join(name, { nat: 'symmetric' })),
    mesh.join('e', { nat: 'cone' }),
    mesh.join('p'),
  ])) as [Member, Member, Member, Member, Member, Member, Member, Member];
  for (const { name } of [r, s]) await mesh.control.call('PUT', `${RELAYS}/${name}`, {});
  await talking([a, b], () => waitForPath([a, b], 'punched'));

  for (let run = 0; run < RUNS; run++) {
    const [used, other] = run % 2 ? [s, r] : [r, s];
    await useBoth([c, d], used);
    await measure('relayKilled', [c, d], {
      fault: () => used.host.crash(),
      until: () => waitForPath([c, d], 'relayed', { via: other.name }),
    });
    used.agent.run();
    await mesh.waitUntilInSync([used]);
    await useBoth([c, d], used);
    await measure('relayOverloaded', [c, d], {
      fault: () => mesh.control.call('PUT', `${RELAYS}/${used.name}`, { capacity: 1 }),
      until: () => waitFor(async () => (await behind(used.name)) <= 1, { what: 'one to be left' }),
    });
    await mesh.control.call('PUT', `${RELAYS}/${used.name}`, { capacity: 1000 });

    await measure('pathCut', [a, b], {
      fault: () => mesh.internet.cut([a.publicAddress, b.publicAddress]),
      until: () => waitForPath([a, b], 'relayed'),
    });
    await mesh.internet.cut();
    // Whose port is another one is somewhere else: the pair need not wait.
    await mesh.rebootRouter(b);
    await talking([a, b], () => waitForPath([a, b], 'punched', { timeout: 120_000 }));
    await measure('routerReboot', [a, b], {
      fault: () => mesh.rebootRouter(b),
      until: () => waitForPath([a, b], 'relayed'),
    });
    await talking([a, b], () => waitForPath([a, b], 'punched', { timeout: 120_000 }));

    const { publicKey } = await mesh.node(a.name);
    await measure('keyRotated', [a, b], {
      fault: () => mesh.control.call('POST', `networks/${NETWORK}/nodes/${a.name}/rotate-key`, {}),
      until: async () => {
        await waitFor(async () => !(await b.agent.hasPeer(publicKey)), { what: 'the old key to be gone' });
        await mesh.waitUntilInSync([a, b]);
      },
    });

    await measure('addressChange', [p, e], { fault: () => mesh.move(e, 'cone'), until: () => Promise.resolve() });
  }
  const gapMs = Object.fromEntries(FAULTS.map((fault) => [fault, summary(gaps[fault])]));
  console.log(JSON.stringify({ paths: { runs: RUNS, gapMs, machine } }, null, 2));
} finally {
  await mesh.close();
}

/** The longest silence while something happens to a path, until it is repaired. */
async function measure(
  fault: keyof typeof gaps,
  [from, to]: [Member, Member],
  { fault: begin, until }: { fault: () => Promise<unknown>; until: () => Promise<unknown> },
): Promise<void> {
  const probe = await start(from, to);
  await probe.more(300);
  await begin();
  await until();
  await moreLater(probe);
  const { longestGap } = await probe.stop();
  console.error(`${fault}: ${longestGap} ms`);
  gaps[fault].push(longestGap);
}

/** The probe waits ten seconds; a fault that lasts longer is one to be told of. */
async function moreLater(probe: LossProbe): Promise<void> {
  await probe.more(1).catch(() => probe.more(1));
  await probe.more(100);
}

async function talking([from, to]: [Member, Member], until: () => Promise<void>): Promise<void> {
  const probe = await start(from, to);
  await until();
  await probe.stop();
}

function start(from: Member, to: Member): Promise<LossProbe> {
  return LossProbe.start(from.host, { host: to.host, address: to.addresses[0] as string, port: port++ });
}

async function useBoth(pair: [Member, Member], relay: Member): Promise<void> {
  for (const { name } of pair) await mesh.control.call('PUT', `${RELAYS}/${name}/assignment`, { relay: relay.name });
  await waitForPath(pair, 'relayed', { via: relay.name });
}

async function behind(relay: string): Promise<number> {
  const { items } = await mesh.control.call<{ items: { node: { name: string }; nodes: unknown[] }[] }>('GET', RELAYS);
  return items.find(({ node }) => node.name === relay)?.nodes.length ?? 0;
}
