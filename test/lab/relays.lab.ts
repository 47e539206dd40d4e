import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Member, Mesh, NETWORK } from './mesh.js';
import { LossProbe } from './rig/loss-probe.js';
import { matrixTable, reachability, waitForAllPairs } from './rig/reachability.js';
import { waitFor } from './rig/wait-for.js';

interface RelayView {
  node: { name: string };
  nodes: { name: string }[];
}

describe('two nodes that nobody can call', () => {
  let mesh: Mesh;
  let a: Member;
  let b: Member;
  let r: Member;
  let s: Member;

  beforeAll(async () => {
    mesh = await Mesh.start();
    [r, s, a, b] = await Promise.all([
      mesh.join('r'),
      mesh.join('s'),
      mesh.join('a', { nat: 'symmetric' }),
      mesh.join('b', { nat: 'symmetric' }),
    ]);
  }, 300_000);
  afterAll(() => mesh?.close());

  const path = async (from: Member, to: Member) => {
    const found = (await from.agent.status()).peers.find((peer) => peer.name === to.name);
    if (!found) throw new Error(`${from.name} has no peer ${to.name}`);
    return found;
  };
  const relays = async () =>
    (await mesh.control.call<{ items: RelayView[] }>('GET', `networks/${NETWORK}/relays`)).items;
  const behind = async (relay: string) =>
    (await relays())
      .find(({ node }) => node.name === relay)
      ?.nodes.map(({ name }) => name)
      .sort();

  it('reach nobody but those who can be called', async () => {
    await waitForAllPairs([a, r, s]);
    await waitForAllPairs([b, r, s]);
    expect(await a.host.pings(b.addresses[0] as string)).toBe(false);
  });

  it('reach each other as soon as there is a relay, on both families', async () => {
    await mesh.control.call('PUT', `networks/${NETWORK}/relays/r`, {});
    await waitForAllPairs([a, b, r, s]);
    expect(await behind('r')).toEqual(['a', 'b']);
    expect([await path(a, b), await path(b, a)]).toMatchObject([
      { path: 'relayed', via: 'r' },
      { path: 'relayed', via: 'r' },
    ]);
    expect(await path(a, r)).toMatchObject({ path: 'direct' });
    console.log(`with a relay\n${matrixTable(await reachability([a, b, r, s]))}`);
  });

  it('move to the relay that is wished, and lose nothing when they are there', async () => {
    await mesh.control.call('PUT', `networks/${NETWORK}/relays/s`, {});
    const echo = { host: b.host, address: b.addresses[0] as string, port: 9000 };
    const probe = await LossProbe.start(a.host, echo);
    for (const node of ['a', 'b'])
      await mesh.control.call('PUT', `networks/${NETWORK}/relays/${node}/assignment`, { relay: 's' });
    await waitFor(async () => (await path(a, b)).via === 's' && (await path(b, a)).via === 's', {
      what: 'both to use s',
    });
    await probe.more(100);
    const loss = await probe.stop();
    console.log(`moved to another relay: ${JSON.stringify(loss)}`);
    expect(await LossProbe.lossOf(a.host, echo)).toMatchObject({ lost: 0 });
  });

  it('go on over the other relay when theirs dies', async () => {
    const echo = { host: b.host, address: b.addresses[0] as string, port: 9001 };
    const probe = await LossProbe.start(a.host, echo);
    await s.host.crash();
    await waitFor(async () => (await path(a, b)).via === 'r' && (await path(b, a)).via === 'r', {
      what: 'both to use r',
    });
    await probe.more(100);
    const loss = await probe.stop();
    console.log(`relay killed: ${JSON.stringify(loss)}`);
    expect(await LossProbe.lossOf(a.host, echo)).toMatchObject({ lost: 0 });
  });
});
