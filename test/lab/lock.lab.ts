import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseEnrolmentToken } from '#contracts/enrolment-token.js';
import type { NetworkFact, RecordedFact } from '#contracts/facts.js';
import type { PeerResource, Resource } from '#contracts/node-stream.js';
import { planNode } from '#planner/plan-node.js';
import { networkFold } from '#topology/network-fold.js';
import { type Member, Mesh, NETWORK } from './mesh.js';
import type { Host } from './rig/host.js';
import { LossProbe } from './rig/loss-probe.js';
import { waitForAllPairs } from './rig/reachability.js';
import { waitFor } from './rig/wait-for.js';

/** A WireGuard key whose private half an intruder has. */
const INTRUDER = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=';

describe('signed membership', () => {
  let mesh: Mesh;
  let operator: Host;
  let a: Member;
  let b: Member;
  let c: Member;

  beforeAll(async () => {
    mesh = await Mesh.start();
    operator = await mesh.rig.host('operator');
    await mesh.internet.attach(operator, '203.0.113.200');
    [a, b] = await Promise.all([mesh.join('a'), mesh.join('b')]);
    await waitForAllPairs([a, b]);
  }, 300_000);
  afterAll(() => mesh?.close());

  /** The operator's machine is not the control plane's. */
  const tombolo = (...words: string[]) =>
    operator.run('env', [
      `TOMBOLO_LOCK_KEY=${keyFile()}`,
      ...['node', 'apps/cli/bin/tombolo.mjs', ...words, '--yes', ...mesh.control.cliOptions()],
    ]);
  const keyFile = () => join(mesh.rig.directory, 'operator.json');
  const unsigned = async () =>
    (
      await mesh.control.call<{ nodes: { name: string; signed: boolean | null }[] }>(
        'GET',
        `networks/${NETWORK}/status`,
      )
    ).nodes
      .filter(({ signed }) => signed === false)
      .map(({ name }) => name);

  it('is put on over a running mesh, which goes on; the key stays where it was made', async () => {
    const out = await tombolo('lock', 'init', NETWORK);
    const [fingerprint = ''] = /[0-9a-f]{64}/.exec(out) ?? [];
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
    for (const { agent } of [a, b])
      await agent.waitFor('the lock to be known', async () => (await agent.status()).lock?.fingerprint === fingerprint);
    expect(await unsigned()).toEqual([]);
    await waitForAllPairs([a, b]);
    const { seed } = JSON.parse(readFileSync(keyFile(), 'utf8')) as { seed: string };
    const places = await mesh.control.host.attempt('grep', ['-rlF', seed, join(mesh.rig.directory, 'control-plane')]);
    expect([places.code, places.stdout]).toEqual([1, '']);
  });

  it('keeps a node that joins out until an operator signs it', async () => {
    c = await mesh.join('c');
    expect(await unsigned()).toEqual(['c']);
    expect(await tombolo('lock', 'status', NETWORK)).toContain('waiting for a signature');
    const { publicKey, refused, lock } = await c.agent.status();
    expect(lock).toMatchObject({ on: true });
    expect(refused).toEqual([expect.objectContaining({ message: expect.stringContaining('waits for the signature') })]);
    expect(await c.agent.peers()).toEqual([]);
    await mesh.waitUntilInSync([a, b]);
    for (const { agent } of [a, b]) {
      expect(await agent.hasPeer(publicKey)).toBe(false);
      expect((await agent.status()).refused).toEqual([expect.objectContaining({ name: 'c' })]);
    }
    expect(await a.host.pings(c.addresses[0] as string)).toBe(false);
    await expect(tombolo('lock', 'sign', `${NETWORK}/c`, '--public-key', INTRUDER)).rejects.toThrow(
      'Nothing was signed',
    );
    await tombolo('lock', 'sign', `${NETWORK}/c`, '--public-key', publicKey);
    await waitForAllPairs([a, b, c]);
    expect(await unsigned()).toEqual([]);
  });

  it('takes a machine in with a token that an operator signed, with no operator at hand, until the token is revoked', async () => {
    const token = await mesh.token();
    const machine = await mesh.machine('burst');
    machine.agent.up((await tombolo('lock', 'sign-key', NETWORK, token, '--for', '1h')).trim());
    await machine.agent.waitFor('the agent to be in sync', async () => (await mesh.status('burst')).inSync);
    const burst: Member = { ...machine, addresses: (await mesh.node('burst')).addresses };
    await waitForAllPairs([a, b, c, burst]);
    expect(await unsigned()).toEqual([]);
    expect(await tombolo('lock', 'status', NETWORK)).toMatch(/until an operator signs them:[^]*burst/);
    await tombolo('lock', 'revoke-key', NETWORK, parseEnrolmentToken(token).keyId);
    const { publicKey } = await burst.agent.status();
    for (const { agent } of [a, b, c])
      await agent.waitFor('the node to be left out', async () => !(await agent.hasPeer(publicKey)));
    expect(await unsigned()).toEqual(['burst']);
    await waitForAllPairs([a, b, c]);
    await tombolo('node', 'delete', `${NETWORK}/burst`);
  });

  it('a node whose key is changed goes on with the old one until the new one is signed', async () => {
    const { publicKey: old } = await mesh.node('c');
    const probes = await Promise.all([probe(a, c), probe(c, b)]);
    await expect(tombolo('node', 'rotate-key', `${NETWORK}/c`)).rejects.toThrow('until an operator has signed it');
    const { publicKey, nextKey } = await c.agent.status();
    expect([publicKey, nextKey]).toEqual([old, expect.stringMatching(/^.{44}$/)]);
    expect(await tombolo('lock', 'status', NETWORK)).toContain('uses the one before until this is signed');
    await mesh.waitUntilInSync([a, b, c]);
    for (const { agent } of [a, b])
      expect([await agent.hasPeer(old), await agent.hasPeer(nextKey ?? '')]).toEqual([true, false]);
    await Promise.all(probes.map((each) => each.more(100)));
    expect((await Promise.all(probes.map((each) => each.stop()))).map(({ lost }) => lost)).toEqual([0, 0]);
    await tombolo('lock', 'sign', `${NETWORK}/c`, '--public-key', nextKey ?? '');
    await waitFor(async () => (await mesh.node('c')).publicKey === nextKey, { what: 'the new key to be in use' });
    for (const { agent } of [a, b])
      await agent.waitFor(
        'the new key to be known',
        async () => (await agent.hasPeer(nextKey ?? '')) && !(await agent.hasPeer(old)),
      );
    await waitForAllPairs([a, b, c]);
    expect(await tombolo('lock', 'status', NETWORK)).not.toContain('waiting');
  });

  it('a node that others are to be reached through waits for that, and its tunnels stay', async () => {
    await tombolo('relay', 'set', `${NETWORK}/b`);
    expect(await tombolo('lock', 'status', NETWORK)).toContain('others are to be reached through it now');
    await mesh.waitUntilInSync([a, b, c]);
    await waitForAllPairs([a, b, c]);
    await tombolo('lock', 'sign', NETWORK);
    expect(await tombolo('lock', 'status', NETWORK)).not.toContain('waiting');
    await tombolo('relay', 'unset', `${NETWORK}/b`);
    await waitForAllPairs([a, b, c]);
  });

  it('an operator is removed and another goes on, without a packet lost', async () => {
    const second = join(mesh.rig.directory, 'second.json');
    const first = (await tombolo('lock', 'key', NETWORK)).trim();
    const other = (await tombolo('lock', 'key', NETWORK, '--key', second)).trim();
    await tombolo('lock', 'add', NETWORK, other);
    const probes = await Promise.all([probe(a, b), probe(c, a)]);
    await tombolo('lock', 'remove', NETWORK, first, '--key', second);
    for (const { agent } of [a, b, c])
      await agent.waitFor('the key to count no more', async () => (await agent.status()).lock?.keys.join() === other);
    await Promise.all(probes.map((each) => each.more(100)));
    expect((await Promise.all(probes.map((each) => each.stop()))).map(({ lost }) => lost)).toEqual([0, 0]);
    expect(await unsigned()).toEqual([]);
    for (const { agent } of [a, b, c]) expect((await agent.status()).refused).toEqual([]);
  });

  it('a controller that puts in a peer, changes a key and takes the lock away gets none of it into WireGuard', async () => {
    const planned = await planOf(a);
    const key = (await mesh.node('c')).publicKey;
    const forged = planned
      .filter(({ name }) => name !== 'lock')
      .map((each) => (isPeerOf(each, 'c') ? { ...each, publicKey: INTRUDER } : each));
    const intruder: Resource = {
      name: 'peer/01930000-0000-7000-8000-00000000dead',
      node: 'intruder',
      publicKey: 'dTxsPrq0lj3+84GSETHJQjHzZov2yRjFv5F9R5aJvjY=',
      allowedIps: ['10.90.0.66/32'],
      endpoint: '203.0.113.66:51820',
      signed: planned.find((each) => isPeerOf(each, 'b'))?.signed,
    } as Resource;
    const revision = await publish(a, [...forged, intruder]);
    await a.agent.waitFor('the forged revision to be held', async () => (await a.agent.status()).revision === revision);
    const { refused, drift } = await a.agent.status();
    expect(refused.map(({ name }) => name).sort()).toEqual(['c', 'intruder', 'lock']);
    expect(drift).toEqual([]);
    expect((await a.agent.peers()).map((peer) => peer.publicKey)).toEqual([(await mesh.node('b')).publicKey]);
    await waitForAllPairs([a, b]);
    expect(await a.agent.hasPeer(key)).toBe(false);
  });

  it('off, a key that waited for its signature is used, and so is a node that nobody signed', async () => {
    const { publicKey: old } = await mesh.node('b');
    const second = ['--key', join(mesh.rig.directory, 'second.json')];
    await expect(tombolo('node', 'rotate-key', `${NETWORK}/b`)).rejects.toThrow('until an operator has signed it');
    const d = await mesh.join('d');
    expect(await unsigned()).toEqual(['d']);
    await tombolo('lock', 'disable', NETWORK, ...second);
    // Node a still holds what the stolen keys told it: it is waited for, and then left behind.
    await waitFor(async () => (await mesh.node('b')).publicKey !== old, {
      what: 'the new key to be in use',
      timeout: 60_000,
    });
    await waitForAllPairs([b, c, d]);
    expect((await c.agent.status()).lock).toMatchObject({ on: false });
  });

  let port = 9100;
  const probe = (from: Member, to: Member): Promise<LossProbe> =>
    LossProbe.start(from.host, { host: to.host, address: to.addresses[0] as string, port: ++port });

  /** What the planner wants of a node, from the log. */
  async function planOf({ name }: Member): Promise<Resource[]> {
    const state = await stateOfLog();
    return planNode(state, state.nodeIdByName.get(name) ?? '');
  }

  async function stateOfLog() {
    const facts = await mesh.control.list<RecordedFact<NetworkFact>>(`networks/${NETWORK}/events?after=0`);
    return facts.reduce(networkFold.evolve, networkFold.initialState);
  }

  /** With the control plane's own keys, as a planner that took over. @returns the revision */
  async function publish({ name }: Member, resources: Resource[]): Promise<number> {
    const state = await stateOfLog();
    const { nodeId = '', controlKey = '' } = state.nodes.find((node) => node.name === name) ?? {};
    const { nodes } = await mesh.control.call<{ nodes: { name: string; held: { epoch: number; revision: number } }[] }>(
      'GET',
      `networks/${NETWORK}/status`,
    );
    const held = nodes.find((node) => node.name === name)?.held ?? { epoch: 1, revision: 1 };
    const [epoch, revision] = [held.epoch + 1_000, held.revision + 1_000];
    const file = join(mesh.rig.directory, 'forged.json');
    writeFileSync(file, JSON.stringify({ nodeId, controlKey, epoch, revision, logVersion: state.version, resources }));
    await mesh.control.run('dist/test/lab/programs/publish-set.js', file);
    return revision;
  }
});

const isPeerOf = (each: Resource, node: string): each is PeerResource =>
  each.name.startsWith('peer/') && (each as PeerResource).node === node;
