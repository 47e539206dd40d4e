import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NetworkFact, RecordedFact } from '#contracts/facts.js';
import type { PeerResource, Resource } from '#contracts/node-stream.js';
import { planNode } from '#planner/plan-node.js';
import { networkFold } from '#topology/network-fold.js';
import { type Member, Mesh, NETWORK } from './mesh.js';
import type { Host } from './rig/host.js';
import { waitForAllPairs } from './rig/reachability.js';

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
    operator.run('node', [
      'apps/cli/bin/tombolo.mjs',
      ...words,
      '--key',
      keyFile(),
      '--yes',
      ...mesh.control.cliOptions(),
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
