import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Member, Mesh, NETWORK } from './mesh.js';
import { pathOf, waitForPath } from './path-of.js';
import { LossProbe } from './rig/loss-probe.js';
import { waitFor } from './rig/wait-for.js';

interface Failed {
  recordedAt: string;
  data: { reason: string; retryAt: string };
}

describe('a direct path', () => {
  let mesh: Mesh;
  const nodes = {} as Record<'r' | 's' | 'p' | 'w' | 'a' | 'b' | 'c' | 'd', Member>;

  beforeAll(async () => {
    mesh = await Mesh.start();
    const [r, s, p, w, a, b, c, d] = await Promise.all([
      mesh.join('r'),
      mesh.join('s'),
      mesh.join('p'),
      mesh.walled('w').then((machine) => mesh.enrol(machine)),
      mesh.join('a', { nat: 'cone' }),
      mesh.join('b', { nat: 'cone' }),
      mesh.join('c', { nat: 'cone' }),
      mesh.join('d', { nat: 'symmetric' }),
    ]);
    Object.assign(nodes, { r, s, p, w, a, b, c, d });
    await mesh.control.call('PUT', `networks/${NETWORK}/relays/r`, {});
  }, 300_000);
  afterAll(() => mesh?.close());

  let port = 9000;
  const probe = (from: Member, to: Member) =>
    LossProbe.start(from.host, { host: to.host, address: to.addresses[0] as string, port: port++ });

  /** The longest silence between two while something happens to the path that they have: printed, and for the benchmark to judge. */
  async function gapWhile([from, to]: [Member, Member], fault: () => Promise<void>, until: () => Promise<void>) {
    const running = await probe(from, to);
    // Each has looked at the other by then, and knows that it answers.
    await running.more(500);
    await fault();
    await until();
    await running.more(100);
    return (await running.stop()).longestGap;
  }

  it('that was punched falls back to the relay when it is cut, and waits before it is tried again', async () => {
    const { a, b } = nodes;
    const talk = await probe(a, b);
    await waitForPath([a, b], 'punched');
    await talk.stop();
    const gap = await gapWhile(
      [a, b],
      () => mesh.internet.cut([a.publicAddress, b.publicAddress]),
      () => waitForPath([a, b], 'relayed', { via: 'r' }),
    );
    console.log(`punched path cut: ${gap} ms`);
    await mesh.internet.cut();
    const events = `networks/${NETWORK}/events?limit=1000&types=PathFailed`;
    const { items } = await mesh.control.call<{ items: Failed[] }>('GET', events);
    const silent = items.find(({ data }) => data.reason === 'silent') as Failed;
    expect(Date.parse(silent.data.retryAt) - Date.parse(silent.recordedAt)).toBeGreaterThan(29_000);
    expect((await pathOf(a, b)).path).toBe('relayed');
  });

  it('to one that anybody can call falls back when it is cut', async () => {
    const { a, p } = nodes;
    const gap = await gapWhile(
      [a, p],
      () => mesh.internet.cut([a.publicAddress, p.publicAddress]),
      () => waitForPath([a, p], 'relayed', { via: 'r' }),
    );
    console.log(`public path cut: ${gap} ms`);
    await mesh.internet.cut();
  });

  it('to one whose firewall drops every probe falls back when it is cut', async () => {
    const { b, w } = nodes;
    const gap = await gapWhile(
      [b, w],
      () => mesh.internet.cut([b.publicAddress, w.publicAddress]),
      () => waitForPath([b, w], 'relayed', { via: 'r' }),
    );
    console.log(`public path cut, probes dropped: ${gap} ms`);
    await mesh.internet.cut();
  });

  it('through a router that loses its mappings falls back, and is punched anew', async () => {
    const { b, c } = nodes;
    const talk = await probe(b, c);
    await waitForPath([b, c], 'punched');
    const gap = await gapWhile(
      [b, c],
      () => mesh.rebootRouter(c),
      () => waitForPath([b, c], 'relayed'),
    );
    console.log(`router rebooted: ${gap} ms`);
    await waitForPath([b, c], 'punched');
    await talk.stop();
  });

  it('to the relay falls back to another relay when it is cut', async () => {
    const { a, d, r } = nodes;
    await mesh.control.call('PUT', `networks/${NETWORK}/relays/s`, {});
    const gap = await gapWhile(
      [a, d],
      () => mesh.internet.cut([a.publicAddress, r.publicAddress]),
      () => waitForPath([a, d], 'relayed', { via: 's' }),
    );
    console.log(`cut off from the relay: ${gap} ms`);
    await mesh.internet.cut();
  });

  it('to a machine that moves to another network works at once: it tells its peers by a packet', async () => {
    const { c, p } = nodes;
    const gap = await gapWhile(
      [p, c],
      () => mesh.move(c, 'cone'),
      () =>
        waitFor(() => p.host.pings(c.addresses[0] as string), { what: 'c to answer', timeout: 30_000 }).then(
          () => undefined,
        ),
    );
    console.log(`moved to another network: ${gap} ms`);
  });
});
