import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Host } from './rig/host.js';
import { type Internet } from './rig/internet.js';
import { LossProbe } from './rig/loss-probe.js';
import { attachBehind, type NatKind } from './rig/nat.js';
import { matrixTable, reachability, waitForAllPairs } from './rig/reachability.js';
import { Rig } from './rig/rig.js';
import { processesOf, removeLeftovers } from './rig/run-mark.js';
import { waitFor } from './rig/wait-for.js';
import { type Tunnel, wgEndpoint, wgPeer, wgUp } from './rig/wireguard.js';

let rig: Rig;
let internet: Internet;

beforeEach(async () => {
  rig = Rig.create();
  internet = await rig.internet();
});
afterEach(() => rig.close());

async function publicHost(name: string, address: string): Promise<Host> {
  const host = await rig.host(name);
  await internet.attach(host, address, /^(router|home|carrier)$/.test(name) ? 'wan' : 'eth0');
  return host;
}

describe('two public hosts with WireGuard', () => {
  let stations: { name: string; host: Host; addresses: string[] }[];

  beforeEach(async () => {
    const [a, b] = [await publicHost('a', '203.0.113.10'), await publicHost('b', '203.0.113.11')];
    const tunnelA = await wgUp(a, ['10.99.0.1/24', 'fd99::1/64']);
    const tunnelB = await wgUp(b, ['10.99.0.2/24', 'fd99::2/64']);
    await wgPeer(tunnelA, tunnelB, { allowedIps: ['10.99.0.2/32', 'fd99::2/128'], endpoint: '203.0.113.11:51820' });
    await wgPeer(tunnelB, tunnelA, { allowedIps: ['10.99.0.1/32', 'fd99::1/128'] });
    stations = [
      { name: 'a', host: a, addresses: ['10.99.0.1', 'fd99::1'] },
      { name: 'b', host: b, addresses: ['10.99.0.2', 'fd99::2'] },
    ];
  });

  it('reach each other on both families, and the matrix tells who is silent', async () => {
    const [a, b] = stations as [(typeof stations)[0], (typeof stations)[0]];
    await a.host.pings('10.99.0.2'); // b has no endpoint for a: a speaks first
    await waitForAllPairs(stations);
    await b.host.ip('address del 10.99.0.2/24 dev wg0');
    const reaches = await reachability(stations);
    expect(reaches.filter(({ reached }) => !reached).map(({ address }) => address)).toEqual(
      expect.arrayContaining(['10.99.0.2']),
    );
    expect(matrixTable(reaches)).toContain('v4 ✗  v6 ✓');
  });

  it('lose no packet while nothing happens, and the probe counts what a broken path loses', async () => {
    const [a, b] = stations.map(({ host }) => host) as [Host, Host];
    const echo = { host: b, address: '10.99.0.2', port: 9000 };
    const quiet = await LossProbe.start(a, echo);
    await waitFor(async () => Number((await counters(b)).at(1)) > 20_000, { what: '20 kB through the tunnel' });
    expect(await quiet.stop()).toMatchObject({ lost: 0, longestGap: 0 });

    const broken = await LossProbe.start(a, echo);
    const refused = 'table ip cut { chain in { type filter hook input priority 0; udp dport 9000 counter drop; }; }';
    await b.nft(refused);
    await waitFor(async () => /packets [1-9]\d/.test(await b.run('nft', ['list', 'table', 'ip', 'cut'])), {
      what: 'ten dropped packets',
    });
    await b.run('nft', ['delete', 'table', 'ip', 'cut']);
    const loss = await broken.stop();
    expect(loss.lost).toBeGreaterThanOrEqual(10);
    expect(loss.lost).toBeLessThanOrEqual(loss.sent);
    // Sent every 5 ms, if the machine has time.
    expect(loss.longestGap).toBeGreaterThanOrEqual(loss.lost * 4);
  });
});

async function counters(host: Host): Promise<string[]> {
  return (await host.run('wg', ['show', 'wg0', 'transfer'])).trim().split('\t');
}

describe('a host behind a router', () => {
  it.each<{ kind: NatKind; outsidePorts: number; strangerEnters: boolean }>([
    { kind: 'cone', outsidePorts: 1, strangerEnters: false },
    { kind: 'fullcone', outsidePorts: 1, strangerEnters: true },
    { kind: 'symmetric', outsidePorts: 2, strangerEnters: false },
  ])('of kind $kind shows $outsidePorts port(s) outside; a stranger enters: $strangerEnters', async (expected) => {
    const a = await wgUp(await publicHost('a', '203.0.113.10'), ['10.99.0.10/24']);
    const b = await wgUp(await publicHost('b', '203.0.113.11'), ['10.99.0.11/24']);
    const c = await wgUp(await publicHost('c', '203.0.113.12'), ['10.99.0.12/24']);
    const n = await wgUp(await hostBehind(await publicHost('router', '203.0.113.20'), expected.kind), ['10.99.0.2/24']);
    for (const [i, peer] of [a, b].entries()) {
      await wgPeer(peer, n, { allowedIps: ['10.99.0.2/32'] });
      const endpoint = `203.0.113.1${i}:51820`;
      await wgPeer(n, peer, { allowedIps: [`10.99.0.1${i}/32`], endpoint, keepalive: 25 });
    }
    const seenBy = (peer: Tunnel) => waitFor(() => wgEndpoint(peer, n), { what: `${peer.host.name} to hear of n` });
    const [seenByA, seenByB] = [await seenBy(a), await seenBy(b)];
    expect(new Set([seenByA, seenByB]).size).toBe(expected.outsidePorts);
    expect(seenByA).toMatch(/^203\.0\.113\.20:/);

    await wgPeer(n, c, { allowedIps: ['10.99.0.12/32'] });
    await wgPeer(c, n, { allowedIps: ['10.99.0.2/32'], endpoint: seenByA });
    expect(await c.host.pings('10.99.0.2')).toBe(expected.strangerEnters);
  });

  it('behind a carrier router, talks to one behind a home router through a relay', async () => {
    const relay = await wgUp(await publicHost('relay', '203.0.113.10'), ['10.99.0.1/24']);
    const one = await wgUp(await hostBehind(await publicHost('home', '203.0.113.20'), 'cone'), ['10.99.0.2/24']);
    const inner = await rig.host('inner');
    const carrier = await publicHost('carrier', '203.0.113.30');
    await attachBehind(carrier, 'symmetric', { host: inner, interface: 'wan', subnet: '100.64.0' });
    const two = await wgUp(await hostBehind(inner, 'cone', 'two'), ['10.99.0.3/24']);
    for (const [node, address] of [
      [one, '10.99.0.2/32'],
      [two, '10.99.0.3/32'],
    ] as const) {
      await wgPeer(relay, node, { allowedIps: [address] });
      await wgPeer(node, relay, { allowedIps: ['10.99.0.0/24'], endpoint: '203.0.113.10:51820', keepalive: 25 });
    }
    await waitFor(() => two.host.pings('10.99.0.1'), { what: 'the relay to know both' });
    expect(await one.host.pings('10.99.0.3')).toBe(false);
    await relay.host.sysctl('net.ipv4.ip_forward', 1);
    await waitFor(() => one.host.pings('10.99.0.3'), { what: 'a ping through the relay' });
  });
});

async function hostBehind(router: Host, kind: NatKind, name = 'n'): Promise<Host> {
  const host = await rig.host(name);
  await attachBehind(router, kind, { host, interface: 'eth0', subnet: '192.168.1' });
  return host;
}

describe('a lab that crashed', () => {
  afterEach(removeLeftovers);

  it('takes its hosts and their daemons with it', async () => {
    const lab = await crashingLab();
    lab.kill();
    await waitFor(() => processesOf(lab.mark).length === 0, { what: 'the hosts of the killed lab to end' });
  });

  it('is cleaned up by the next one when even its hosts were killed; a living one is left alone', async () => {
    const living = await crashingLab();
    const crashed = await crashingLab();
    process.kill(crashed.holder, 'SIGKILL');
    crashed.kill();
    await waitFor(() => processesOf(crashed.mark).length === 1, { what: 'only the daemon to be left' });
    await Rig.create().close();
    await waitFor(() => processesOf(crashed.mark).length === 0, { what: 'the daemon to end' });
    expect(processesOf(living.mark)).toHaveLength(2);
    living.kill();
    await waitFor(() => processesOf(living.mark).length === 0, { what: 'the living lab to end' });
  });
});

async function crashingLab() {
  const child = spawn('node', ['dist/test/lab/rig/programs/crashing-lab.js'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const [mark, holder] = line.toString().trim().split(' ') as [string, string];
  await waitFor(() => processesOf(mark).length === 2, { what: 'the crashing lab to be up' });
  return { mark, holder: Number(holder), kill: () => child.kill('SIGKILL') };
}
