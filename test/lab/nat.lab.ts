import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Host } from './rig/host.js';
import { type Internet } from './rig/internet.js';
import { type LabProcess } from './rig/lab-process.js';
import { attachBehind, attachFirewalled, attachLan, type NatKind } from './rig/nat.js';
import { Rig } from './rig/rig.js';
import { waitFor } from './rig/wait-for.js';

/** What the routers of the lab do to UDP, with plain packets and no WireGuard. */

const A = '203.0.113.10';
const B = '203.0.113.11';
const STRANGER = '203.0.113.12';
const PORT = 4000;

let rig: Rig;
let internet: Internet;

beforeEach(async () => {
  rig = Rig.create();
  internet = await rig.internet();
});
afterEach(() => rig.close());

async function outside(name: string, address: string, wan = false): Promise<Host> {
  const host = await rig.host(name);
  await internet.attach(host, address, wan ? 'wan' : 'eth0');
  return host;
}

/** A UDP socket on a host. */
class Peer {
  private constructor(private readonly program: LabProcess) {}

  static async on(host: Host, port = PORT): Promise<Peer> {
    const peer = new Peer(host.spawn('node', ['test/lab/rig/programs/udp-peer.mjs', String(port)]));
    await peer.hears(/^ready$/m);
    return peer;
  }

  send(address: string, port: number | string, text: string): void {
    this.program.stdin.write(`${address} ${port} ${text}\n`);
  }

  hears(pattern: RegExp): Promise<RegExpExecArray> {
    return waitFor(() => (this.program.mustRun(), pattern.exec(this.program.printed)), {
      what: `${pattern} to arrive`,
    });
  }

  has(text: string): boolean {
    return this.program.printed.includes(text);
  }

  /** Where `address`, on which a peer listens, sees this one; asked until it is answered. */
  async seenBy(address: string): Promise<string> {
    const answer = new RegExp(`^${address.replaceAll('.', '\\.')}:${PORT} seen (\\S+)$`, 'm');
    return waitFor(
      () => {
        const found = answer.exec(this.program.printed)?.[1];
        if (!found) this.send(address, PORT, 'who?');
        return found;
      },
      { what: `${address} to answer`, every: 200 },
    );
  }
}

async function strangers() {
  const [a, b, c] = [await outside('a', A), await outside('b', B), await outside('c', STRANGER)];
  return { a: await Peer.on(a), a2: await Peer.on(a, PORT + 1), b: await Peer.on(b), c: await Peer.on(c) };
}

/** What a stranger sends, and what one who was written to sends from another port, until a packet known to pass has passed. */
async function whoGetsIn(n: Peer, seen: string, { a, a2, c }: Awaited<ReturnType<typeof strangers>>) {
  const [address = '', port = ''] = seen.split(':');
  c.send(address, port, 'stranger');
  a2.send(address, port, 'other-port');
  a.send(address, port, 'answer');
  await n.hears(/ answer$/m);
  return { stranger: n.has('stranger'), otherPort: n.has('other-port') };
}

const router = (name: string, address: string) => outside(name, address, true);

describe('a router', () => {
  it.each<{ kind: NatKind; ports: number; getsIn: boolean }>([
    { kind: 'cone', ports: 1, getsIn: false },
    { kind: 'fullcone', ports: 1, getsIn: true },
    { kind: 'symmetric', ports: 2, getsIn: false },
  ])('of kind $kind shows $ports port(s); strangers get in: $getsIn', async ({ kind, ports, getsIn }) => {
    const others = await strangers();
    const host = await rig.host('n');
    await attachBehind(await router('home', '203.0.113.20'), kind, { host, interface: 'eth0', subnet: '192.168.1' });
    const n = await Peer.on(host);
    const [seenByA, seenByB] = [await n.seenBy(A), await n.seenBy(B)];
    expect(seenByA).toMatch(/^203\.0\.113\.20:/);
    expect(new Set([seenByA, seenByB]).size).toBe(ports);
    expect(await whoGetsIn(n, seenByA, others)).toEqual({ stranger: getsIn, otherPort: getsIn });
  });

  it('of a home behind that of a carrier shows the ports of the carrier', async () => {
    const others = await strangers();
    const [home, host] = [await rig.host('home'), await rig.host('n')];
    const carrier = await router('carrier', '203.0.113.30');
    await attachBehind(carrier, 'symmetric', { host: home, interface: 'wan', subnet: '100.64.0' });
    await attachBehind(home, 'cone', { host, interface: 'eth0', subnet: '192.168.1' });
    const n = await Peer.on(host);
    const [seenByA, seenByB] = [await n.seenBy(A), await n.seenBy(B)];
    expect([seenByA, seenByB].every((seen) => seen.startsWith('203.0.113.30:'))).toBe(true);
    expect(seenByA).not.toBe(seenByB);
    expect(await whoGetsIn(n, seenByA, others)).toEqual({ stranger: false, otherPort: false });
  });

  it('shows one address for two on its LAN, who reach each other inside', async () => {
    await strangers();
    const hosts = [await rig.host('m'), await rig.host('n')] as const;
    const cable = await rig.switch('lan');
    await attachLan(await router('home', '203.0.113.20'), 'cone', { cable, subnet: '192.168.1', hosts: [...hosts] });
    const [m, n] = [await Peer.on(hosts[0]), await Peer.on(hosts[1])];
    expect((await m.seenBy(A)).split(':')[0]).toBe((await n.seenBy(A)).split(':')[0]);
    expect(await n.seenBy('192.168.1.2')).toBe(`192.168.1.3:${PORT}`);
  });

  it('shows one of two that use one port at another wherever both have been', async () => {
    await strangers();
    const hosts = [await rig.host('m'), await rig.host('n')] as const;
    const cable = await rig.switch('lan');
    await attachLan(await router('home', '203.0.113.20'), 'cone', { cable, subnet: '192.168.1', hosts: [...hosts] });
    const [m, n] = [await Peer.on(hosts[0]), await Peer.on(hosts[1])];
    const own = `203.0.113.20:${PORT}`;
    expect([await m.seenBy(A), await n.seenBy(B)]).toEqual([own, own]);
    const others = [await m.seenBy(B), await n.seenBy(A)];
    expect(others).not.toContain(own);
    // Who is new to both sees what was shown last.
    expect([await m.seenBy(STRANGER), await n.seenBy(STRANGER)]).toEqual(others);
  });

  it('that lets no UDP through keeps TCP', async () => {
    const { a } = await strangers();
    const host = await rig.host('n');
    await attachBehind(await router('home', '203.0.113.20'), 'noudp', { host, interface: 'eth0', subnet: '192.168.1' });
    (await Peer.on(host)).send(A, PORT, 'silence');
    const refused = await host.attempt('node', [
      '-e',
      `require('net').connect(9, '${A}').on('error', (e) => console.log(e.code))`,
    ]);
    expect(refused.stdout.trim()).toBe('ECONNREFUSED');
    expect(a.has('silence')).toBe(false);
  });
});

it('a firewall changes no address, and only those who were written to get in', async () => {
  const others = await strangers();
  const [firewall, host] = [await rig.host('firewall'), await rig.host('n')];
  await attachFirewalled(internet, firewall, { host, address: '203.0.113.40', transit: '203.0.113.39' });
  const n = await Peer.on(host);
  const [seenByA, seenByB] = [await n.seenBy(A), await n.seenBy(B)];
  expect([seenByA, seenByB]).toEqual([`203.0.113.40:${PORT}`, `203.0.113.40:${PORT}`]);
  expect(await whoGetsIn(n, seenByA, others)).toEqual({ stranger: false, otherPort: false });
});
