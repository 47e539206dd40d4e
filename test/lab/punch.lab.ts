import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Member, Mesh, NETWORK } from './mesh.js';
import { LossProbe } from './rig/loss-probe.js';
import { waitForAllPairs } from './rig/reachability.js';
import { waitFor } from './rig/wait-for.js';

interface Pair {
  a: string;
  b: string;
}

describe('nodes behind routers of each kind', () => {
  let mesh: Mesh;
  const nodes: Record<string, Member> = {};

  beforeAll(async () => {
    mesh = await Mesh.start();
    const joins = [
      mesh.join('r'),
      mesh.join('s'),
      mesh.join('cone-1', { nat: 'cone' }),
      mesh.join('cone-2', { nat: 'cone' }),
      mesh.join('full', { nat: 'fullcone' }),
      mesh.join('sym-1', { nat: 'symmetric' }),
      mesh.join('sym-2', { nat: 'symmetric' }),
    ];
    for (const member of await Promise.all(joins)) nodes[member.name] = member;
    for (const relay of ['r', 's']) await mesh.control.call('PUT', `networks/${NETWORK}/relays/${relay}`, {});
    await waitForAllPairs(Object.values(nodes), 60_000);
  }, 300_000);
  afterAll(() => mesh?.close());

  const node = (name: string): Member => nodes[name] as Member;
  const path = async (from: string, to: string) =>
    (await node(from).agent.status()).peers.find((peer) => peer.name === to)?.path;

  const facts = async <Data>(type: string) => {
    const path = `networks/${NETWORK}/events?limit=1000&types=${type}`;
    return (await mesh.control.call<{ items: { data: Data }[] }>('GET', path)).items.map(({ data }) => data);
  };
  /** A pair that stays on the relay has tried and failed, or both are known to stand where no trial helps. */
  const isSettled = async (a: string, b: string, over: string) => {
    const ids = await Promise.all([a, b].map(async (name) => (await mesh.node(name)).nodeId));
    const reachability = await facts<{ nodeId: string; nat: string; filtering: string }>('NodeReachabilityDecided');
    if (over === 'direct')
      return reachability.some(({ nodeId, filtering }) => ids.includes(nodeId) && filtering === 'open');
    const [low] = ids.sort();
    const outcomes = [...(await facts<Pair>('PathProven')), ...(await facts<Pair>('PathFailed'))];
    if (outcomes.some((pair) => pair.a === low && ids.includes(pair.b))) return true;
    return ids.every((id) => reachability.some(({ nodeId, nat }) => nodeId === id && nat === 'endpoint-dependent'));
  };

  // Once somebody has got in at the one who lets everybody in, the others need no trial with it: they call it.
  it.each([
    ['cone-1', 'cone-2', ['punched']],
    ['cone-1', 'full', ['punched', 'direct']],
    ['full', 'sym-1', ['punched', 'direct']],
    ['cone-1', 'sym-1', ['relayed']],
    ['sym-1', 'sym-2', ['relayed']],
  ])('%s and %s: %j', async (a, b, expected) => {
    const echo = { host: node(b).host, address: node(b).addresses[0] as string, port: 9000 };
    const probe = await LossProbe.start(node(a).host, echo);
    let paths: (string | undefined)[] = [];
    const trialIsOver = async () => {
      paths = [await path(a, b), await path(b, a)];
      const [one, other] = paths;
      return one === other && one !== undefined && expected.includes(one) && (await isSettled(a, b, one));
    };
    try {
      await waitFor(trialIsOver, { what: `${a} and ${b} to be ${expected.join(' or ')}`, timeout: 60_000, every: 500 });
      await probe.more(200);
    } finally {
      const loss = await probe.stop();
      console.log(`${a} × ${b}: ${paths.join()}, ${JSON.stringify(loss)}`);
    }
    expect(await LossProbe.lossOf(node(a).host, echo)).toMatchObject({ lost: 0 });
  });
});
