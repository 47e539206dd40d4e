import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Member, Mesh, NETWORK } from './mesh.js';
import { type Host } from './rig/host.js';
import { expectCalls, startTeller } from './rig/source-matrix.js';

/** A telephone: stock WireGuard, our configuration file, nothing else of ours. */
describe('an ingress gateway', () => {
  let mesh: Mesh;
  let gate: Member;
  let server: Member;
  let other: Member;
  let phone: { name: string; host: Host };
  let address: string;

  beforeAll(async () => {
    mesh = await Mesh.start();
    [gate, server, other] = await Promise.all([mesh.join('gate'), mesh.join('server'), mesh.join('other')]);
    phone = await mesh.machine('phone');
    await Promise.all([gate, server, other].map(({ host }) => startTeller(host)));
    await call('POST', 'gateways', { name: 'door', kind: 'ingress', nodes: ['gate'] });
  }, 120_000);
  afterAll(() => mesh?.close());

  const call = <T>(method: string, path: string, body?: unknown) =>
    mesh.control.call<T>(method, `networks/${NETWORK}/${path}`, body);
  const ip4 = ({ addresses }: Member) => addresses[0] as string;
  const ip6 = ({ addresses }: Member) => addresses[1] as string;

  /** The key pair is the telephone's; the file is what the API gives, with the private key filled in. */
  async function connect(allowed?: string[]): Promise<void> {
    const privateKey = (await phone.host.run('wg', ['genkey'])).trim();
    const publicKey = (await phone.host.run('wg', ['pubkey'], { input: privateKey })).trim();
    const client = await call<{ addresses: string[] }>('POST', 'clients', {
      name: 'phone',
      publicKey,
      gateway: 'door',
      ...(allowed && { allowed }),
    });
    address = client.addresses[0] as string;
    const { text } = await call<{ text: string }>('GET', 'clients/phone/config');
    expect(text).toMatch(/^PrivateKey = *$/m);
    const file = join(mesh.rig.directory, 'phone.conf');
    writeFileSync(file, text.replace(/^PrivateKey = *$/m, `PrivateKey = ${privateKey}`), { mode: 0o600 });
    await phone.host.run('env', ['WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go', 'wg-quick', 'up', file]);
  }

  async function disconnect(): Promise<void> {
    await phone.host.run('wg-quick', ['down', join(mesh.rig.directory, 'phone.conf')]);
  }

  it('lets stock WireGuard in with our file, by its own address, and nobody in to it', async () => {
    await connect();
    await startTeller(phone.host);
    await expectCalls('a client with all of the network', [
      { from: phone, to: ip4(gate), source: address },
      { from: phone, to: ip4(server), source: address },
      { from: phone, to: ip6(server), source: (await client()).addresses[1] as string },
      { from: server, to: address, source: null },
    ]);
  });

  it('cuts the tunnel at once when the client is revoked', async () => {
    await call('DELETE', 'clients/phone');
    await gate.agent.waitFor('the client to be gone', async () => (await gate.agent.peers()).length === 2);
    await expectCalls('revoked', [
      { from: phone, to: ip4(gate), source: null },
      { from: phone, to: ip4(server), source: null },
    ]);
    await disconnect();
  });

  it('lets a client reach what it may reach, and only that', async () => {
    await connect([`${ip4(server)}/32`]);
    await expectCalls('a client with one machine', [
      { from: phone, to: ip4(server), source: address },
      { from: phone, to: ip4(other), source: null },
      { from: phone, to: ip4(gate), source: null },
    ]);
    // The file says what may be reached; who writes more into it gets no further.
    await phone.host.run('sh', ['-c', `wg set phone peer "$(wg show phone peers)" allowed-ips 10.90.0.0/16,fd90::/64`]);
    await phone.host.ip('route add 10.90.0.0/16 dev phone', 'route add fd90::/64 dev phone');
    await expectCalls('the same with a file that was edited', [
      { from: phone, to: ip4(server), source: address },
      { from: phone, to: ip4(other), source: null },
      { from: phone, to: ip4(gate), source: null },
      { from: phone, to: ip6(gate), source: null },
    ]);
    const { drops } = await gate.agent.status();
    expect(drops.find(({ filter }) => filter === 'unmatched')?.packets).toBeGreaterThan(0);
  });

  const client = () => call<{ addresses: string[] }>('GET', 'clients/phone');
});
