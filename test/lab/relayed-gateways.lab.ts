import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Member, Mesh, NETWORK } from './mesh.js';
import { waitForPath } from './path-of.js';
import { type Station } from './rig/reachability.js';
import { expectCalls, startTeller } from './rig/source-matrix.js';
import { LEG, Site } from './site.js';

const WEB = '203.0.113.200';
const PODS = '10.42.0.0/16';
const SERVICES = '10.43.0.0/16';

/**
 * Gateways and doors behind routers that no punching gets through, so that their peers reach them through the relay `r`,
 * which stands by for one of them and has the same range on a LAN of its own. `user` and `guest` are behind such routers as well.
 * In the end the machine of `r` dies, then that of the door `west`: `s` and `west-2` are there to take over.
 */
describe('gateways that are reached through a relay', () => {
  let mesh: Mesh;
  let r: Member;
  let s: Member;
  let user: Member;
  let guest: Member;
  let west: Member;
  let west2: Member;
  let east: Member;
  let westPod: Station;
  let west2Pod: Station;
  let eastPod: Station;
  let relayRouting: string;

  const call = <T>(method: string, path: string, body?: unknown) =>
    mesh.control.call<T>(method, `networks/${NETWORK}/${path}`, body);
  const ip4 = ({ addresses }: Station) => addresses[0] as string;
  /** What the relay itself does with what it sends. */
  const routing = async () =>
    (await r.host.run('ip', ['route', 'get', WEB])) + (await r.host.run('ip', ['route', 'show', 'default']));
  const needsOf = async (name: string) => {
    const { gateways } = await call<{ gateways: { name: string; needs: string[] }[] }>('GET', 'status');
    return gateways.find((gateway) => gateway.name === name)?.needs;
  };

  /** The `n`th node of a network of pods, behind a router of its own, and a workload there whose router it is. */
  async function gate(
    site: Site,
    name: string,
    { n = 1, lan }: { n?: number; lan?: string },
  ): Promise<[Member, Station]> {
    const machine = await mesh.machine(name, 'symmetric');
    const at = (host: number) => ['10.42.0', ...(lan ? [lan] : [])].map((net, i) => `${net}.${host}/${i ? 24 : 16}`);
    await site.leg(machine.host, ...at(n));
    const pod = await site.workload(`pod-${n}`, at(4 + n), [`10.42.0.${n}`]);
    await machine.host.ip(`route add ${SERVICES} via 10.42.0.${4 + n} dev ${LEG}`);
    return [await mesh.enrol(machine), pod];
  }

  /** As a power cut does that takes the network with it. */
  const kill = async ({ host }: Member) => {
    await mesh.internet.unplug(host);
    await host.crash();
  };

  /** The address of a cluster's pod for others. */
  const crossing = async (name: string, address = '10.42.0.5') =>
    (await call<{ crossing: string }>('GET', `clusters/${name}/translate?address=${address}`)).crossing;

  beforeAll(async () => {
    mesh = await Mesh.start();
    const machine = await mesh.machine('r');
    const site = await Site.create(mesh.rig, 'r');
    await site.leg(machine.host, '10.20.0.2/24');
    await site.workload('neighbour', ['10.20.0.5/24']);
    const web = await mesh.rig.host('web');
    await mesh.internet.attach(web, WEB);
    await startTeller(web);
    const [westSite, eastSite] = [await Site.create(mesh.rig, 'west'), await Site.create(mesh.rig, 'east')];
    [r, s, user, guest, [west, westPod], [west2, west2Pod], [east, eastPod]] = await Promise.all([
      mesh.enrol(machine),
      mesh.join('s'),
      mesh.join('user', { nat: 'symmetric' }),
      mesh.join('guest', { nat: 'symmetric' }),
      gate(westSite, 'west', { lan: '10.20.0' }),
      gate(westSite, 'west-2', { n: 2 }),
      gate(eastSite, 'east', {}),
    ]);
    await Promise.all([user, east].map(({ host }) => startTeller(host)));
    relayRouting = await routing();
    await call('PUT', 'relays/r', {});
    await waitForPath([user, west], 'relayed', { via: 'r' });
    await waitForPath([west, east], 'relayed', { via: 'r' });
  }, 120_000);
  afterAll(() => mesh?.close());

  it('lead to the network behind them, and not to the same one behind the relay', async () => {
    await call('POST', 'gateways', {
      name: 'site',
      kind: 'egress',
      nodes: ['west', 'r'],
      ranges: ['10.20.0.0/24'],
      masquerade: true,
    });
    await expectCalls('a relayed egress gateway', [
      { from: user, to: '10.20.0.5', source: '10.20.0.1' },
      { from: east, to: '10.20.0.5', source: '10.20.0.1' },
      { from: westPod, to: ip4(user), source: null },
      { from: r, to: '10.20.0.5', source: '10.20.0.2' },
    ]);
  });

  it('join clusters that have the same ranges, both ways, by virtual addresses', async () => {
    for (const name of ['west', 'east']) {
      await call('POST', 'clusters', { name, pods: [PODS], services: [SERVICES], model: 'archipelago' });
      await call('POST', 'gateways', { name: `${name}-door`, kind: 'cluster', nodes: [name], cluster: name });
    }
    await call('POST', 'cluster-links', { a: 'west', b: 'east' });
    const [ofWest, ofEast] = [await crossing('west'), await crossing('east')];
    await expectCalls('two relayed doors', [
      { from: westPod, to: ofEast, source: ofWest },
      { from: eastPod, to: ofWest, source: ofEast },
      { from: user, to: ofEast, source: null },
      { from: r, to: ofEast, source: null },
    ]);
  });

  it('are a way to the internet, which the relay itself does not take', async () => {
    await expectCalls('no internet gateway', [{ from: user, to: WEB, source: user.publicAddress }]);
    await call('POST', 'gateways', { name: 'exit', kind: 'internet', nodes: ['east'], users: { nodes: ['user'] } });
    await expectCalls('a relayed internet gateway', [
      { from: user, to: WEB, source: east.publicAddress },
      { from: west, to: WEB, source: west.publicAddress },
      { from: r, to: WEB, source: r.publicAddress },
      { from: user, to: '10.20.0.5', source: '10.20.0.1' },
      { from: user, to: await crossing('east'), source: null },
    ]);
    expect(await routing()).toBe(relayRouting);
  });

  it('are told of in the status where one relay would have to lead everything to two of them', async () => {
    await call('POST', 'gateways', { name: 'second', kind: 'internet', nodes: ['west'], users: { nodes: ['guest'] } });
    await mesh.waitUntilInSync([r, west, guest]);
    expect(await needsOf('exit')).toEqual([]);
    expect(await needsOf('second')).toEqual([
      expect.stringMatching(
        /^Relay "r" does not take 0\.0\.0\.0\/0, ::\/0 from node "guest" to node "west": .* node "east"/,
      ),
    ]);
    await expectCalls('two internet gateways behind one relay', [
      { from: user, to: WEB, source: east.publicAddress },
      { from: guest, to: WEB, source: guest.publicAddress },
    ]);
  });

  it('let no client in, and say so; through the relay clients come to all that is behind it', async () => {
    const phone = await mesh.machine('phone');
    const privateKey = (await phone.host.run('wg', ['genkey'])).trim();
    const publicKey = (await phone.host.run('wg', ['pubkey'], { input: privateKey })).trim();
    await call('POST', 'gateways', { name: 'door', kind: 'ingress', nodes: ['west'] });
    const { addresses } = await call<{ addresses: string[] }>('POST', 'clients', {
      name: 'phone',
      publicKey,
      gateway: 'door',
      allowed: ['10.90.0.0/16', '10.20.0.0/24'],
    });
    expect(await needsOf('door')).toEqual([expect.stringMatching(/"west".*through relay "r"/)]);
    await expect(call('GET', 'clients/phone/config')).rejects.toThrow(/no_endpoint.*only through relay/);

    await call('PATCH', 'gateways/door', { nodes: ['r'] });
    const { text } = await call<{ text: string }>('GET', 'clients/phone/config');
    const file = join(mesh.rig.directory, 'phone.conf');
    writeFileSync(file, text.replace(/^PrivateKey = *$/m, `PrivateKey = ${privateKey}`), { mode: 0o600 });
    await phone.host.run('env', ['WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go', 'wg-quick', 'up', file]);
    await startTeller(phone.host);
    await expectCalls('a client of the relay', [
      { from: phone, to: ip4(user), source: addresses[0] as string },
      { from: phone, to: ip4(east), source: addresses[0] as string },
      { from: user, to: addresses[0] as string, source: null },
    ]);
  });

  it('move to the relay itself, which then lets out what it sent on before', async () => {
    await call('POST', 'gateways/site/drain', { node: 'west' });
    await expectCalls('the relay serves', [
      { from: user, to: '10.20.0.5', source: '10.20.0.2' },
      { from: east, to: '10.20.0.5', source: '10.20.0.2' },
    ]);
  });

  it('are reached through another relay when the machine of theirs dies, though it served a gateway itself', async () => {
    await call('PUT', 'relays/s', {});
    await call('POST', 'gateways/site/drain', { node: 'west', draining: false });
    await mesh.waitUntilInSync([r, s, user, west, east]);
    await kill(r);
    const [ofWest, ofEast] = [await crossing('west'), await crossing('east')];
    const calls = [
      { from: user, to: '10.20.0.5', source: '10.20.0.1' },
      { from: user, to: WEB, source: east.publicAddress },
      { from: westPod, to: ofEast, source: ofWest },
      { from: eastPod, to: ofWest, source: ofEast },
    ];
    await expectCalls('the relay is dead', calls, { timeout: 60_000 });
    await waitForPath([west, east], 'relayed', { via: 's' });
  });

  it('move to a member behind a relay as well when the machine of the one that serves dies', async () => {
    await call('PATCH', 'gateways/west-door', { nodes: ['west', 'west-2'] });
    await mesh.waitUntilInSync([s, user, west, west2, east]);
    await kill(west);
    const [ofWest, ofEast] = [await crossing('west', '10.42.0.6'), await crossing('east')];
    const calls = [
      { from: west2Pod, to: ofEast, source: ofWest },
      { from: eastPod, to: ofWest, source: ofEast },
    ];
    await expectCalls('the door is dead', calls, { timeout: 60_000 });
  });
});
