import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { Delegation } from '#contracts/delegation.js';
import { type Signer, signerOf } from '#contracts/ed25519.js';
import type { NodeProof } from '#contracts/enrolment.js';
import { type LockEntry, lockHash, type MemberRecord } from '#contracts/membership-lock.js';
import type { PeerResource, Resource } from '#contracts/node-stream.js';
import { changeAfter, delegate, signLock, signMember, signOwnMembership } from '#contracts/sign-membership.js';
import { NodeStreamWriter } from '#messaging/node-stream.js';
import { ensureStreams } from '#messaging/streams.js';
import { KEYS, ownInterface, peer, peerId, route } from '#wireguard/testing/fixtures.js';
import { DesiredState } from '../../../../test/support/desired-state.js';
import { EnrolmentServer } from '../../../../test/support/enrolment-server.js';
import { lockBy, operator } from '../../../../test/support/operator.js';
import { inOwnNamespace } from '../../../../test/support/own-namespace.js';
import { startTrustedNats, type TrustedNats } from '../../../../test/support/trusted-nats.js';
import { until } from '../../../../test/support/wait.js';
import { AgentInProcess } from '../testing/agent-in-process.js';

jest.setTimeout(60_000);

const [ann, bob, eve] = [operator(1), operator(2), operator(3)];
const networkId = peerId('n');
const genesis = lockBy(ann, networkId);
const both = signLock(changeAfter(genesis, { keys: [ann.publicKey, bob.publicKey] }), ann);
const revoking = (keyId: string) => signLock(changeAfter(both, { revoked: [keyId] }), bob);
const lock = (...chain: LockEntry[]): Resource => ({ name: 'lock', chain });

const signed = (record: Omit<MemberRecord, 'networkId' | 'mayCarry'>, by = ann, mayCarry = false) => ({
  addresses: record.addresses,
  ...signMember({ networkId, mayCarry, ...record }, by),
});
const member = (node: 'b' | 'c', by = ann, mayCarry = false): PeerResource => {
  const plain = peer(node);
  const [prefix = ''] = plain.allowedIps;
  const record = { memberId: peerId(node), publicKey: plain.publicKey, addresses: [prefix.replace('/32', '')] };
  return { ...plain, signed: signed(record, by, mayCarry) };
};

const delegated = signerOf(Buffer.alloc(32, 9));
const validUntil = new Date(Date.now() + 3_600_000).toISOString();
const delegateTo = (keyId: string, changes: Partial<Delegation> = {}, by = ann) =>
  delegate({ networkId, keyId, publicKey: delegated.publicKey, until: validUntil, ...changes }, by);
/** What "tombolo lock sign-key" makes of a token. */
const tokenOf = (server: EnrolmentServer) => {
  const seed = Buffer.alloc(32, 9).toString('base64url');
  return server.token({ lock: lockHash(genesis), signing: { seed, delegation: delegateTo(server.keyId) } });
};

/**
 * Whoever holds the control plane: its sealing key, its right to write the stream of a node, a real broker. Every message
 * below is one that the agent opens and whose digest is right.
 */
inOwnNamespace(import.meta.url, () => {
  let broker: TrustedNats;
  let server: EnrolmentServer;
  let agent: AgentInProcess;
  let desired: DesiredState;
  let own: Resource;

  beforeAll(async () => {
    broker = await startTrustedNats();
    const service = await broker.connect('service');
    await ensureStreams(service, { replicas: 1 });
    server = await EnrolmentServer.start({ trust: broker.trust, natsUrls: [broker.url] });
    agent = new AgentInProcess('tmb0');
    agent.start('up', '--token', tokenOf(server), '--interface', 'tmb0');
    await until('it has joined', () => existsSync(join(agent.dir, 'identity.json')));
    const { nodeId } = JSON.parse(readFileSync(join(agent.dir, 'identity.json'), 'utf8')) as { nodeId: string };
    const { controlKey, publicKey } = server.nodes.get(nodeId)!.request;
    desired = new DesiredState(new NodeStreamWriter(service, broker.trust.sealing.privateKey), nodeId);
    Object.assign(desired, { keys: { publicKey: controlKey, privateKey: '' } });
    own = ownInterface({ signed: signed({ memberId: nodeId, publicKey, addresses: ['10.90.0.1', 'fd12::1'] }) });
  });
  afterAll(async () => {
    await agent.destroy();
    await server.stop();
    await broker.stop();
  });

  /** Says it to the agent, waits until it holds that revision, and looks at the kernel. */
  const tell = async (upserts: Resource[], removed: string[] = []) => {
    await desired.delta(upserts, removed);
    await holds();
    return inKernel();
  };
  const holds = () =>
    until(`revision ${desired.revision} is held`, async () => (await agent.status()).revision === desired.revision);
  /** Public key → allowed IPs. */
  const inKernel = (): Record<string, string> =>
    Object.fromEntries(
      execFileSync('wg', ['show', 'tmb0', 'allowed-ips'], { encoding: 'utf8' })
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split('\t') as [string, string]),
    );
  const refused = async () => (await agent.status()).refused.map(({ name, message }) => `${name}: ${message}`);

  test('joined with a token that pins the lock: no peer before that lock is shown', async () => {
    desired.change([own, peer('b'), route('10.90.0.0/16')]);
    await desired.full();
    await holds();
    expect(inKernel()).toEqual({});
    expect(await tell([lock(lockBy(eve, networkId)), member('b', eve)])).toEqual({});
    expect(await refused()).toEqual([
      expect.stringContaining('not the lock that was pinned'),
      expect.stringContaining('not been shown'),
    ]);
  });

  test('what operators signed is taken, what is told is the whole digest', async () => {
    expect(await tell([lock(genesis, both), member('b', bob), member('c')])).toEqual({
      [KEYS.b]: '10.90.0.2/32',
      [KEYS.c]: '10.90.0.3/32',
    });
    const { digest, drift, lock: shown } = await agent.status();
    expect([digest, drift]).toEqual([desired.digest, []]);
    expect(shown).toEqual({ on: true, fingerprint: lockHash(genesis), serial: 2, keys: both.keys });
  });

  test('a peer that is put in never reaches WireGuard; other changes of the same revision do', async () => {
    const intruder: Resource = {
      name: `peer/${peerId('e')}`,
      node: 'e',
      publicKey: KEYS.stranger,
      allowedIps: ['10.90.0.66/32'],
      endpoint: '192.0.2.66:51820',
    };
    const record = { memberId: peerId('e'), publicKey: KEYS.stranger, addresses: ['10.90.0.66'] };
    const kernel = await tell([intruder, { ...member('b', bob), endpoint: '192.0.2.2:51820' }]);
    expect(kernel).toEqual({ [KEYS.b]: '10.90.0.2/32', [KEYS.c]: '10.90.0.3/32' });
    expect(execFileSync('wg', ['show', 'tmb0', 'endpoints'], { encoding: 'utf8' })).toContain('192.0.2.2:51820');
    expect(await refused()).toEqual(['e: no operator has signed it']);
    for (const forged of [signed(record, eve), { ...signed(record, eve), by: ann.publicKey }, member('c').signed])
      expect(await tell([{ ...intruder, signed: forged } as Resource])).toEqual(kernel);
    await tell([], [intruder.name]);
  });

  test('the key of a node is not changed for another', async () => {
    const kernel = await tell([{ ...member('c'), publicKey: KEYS.stranger }]);
    expect(kernel).toEqual({ [KEYS.b]: '10.90.0.2/32' });
    const withNext = await tell([{ ...member('c'), nextKey: KEYS.stranger }]);
    expect(withNext).toEqual({ [KEYS.b]: '10.90.0.2/32', [KEYS.c]: '10.90.0.3/32' });
  });

  test('the address of a node is not moved to the key of another', async () => {
    const taken = { ...member('b', bob), allowedIps: ['10.90.0.2/32', '10.90.0.3/32'] };
    expect(await tell([taken], [member('c').name])).toEqual({ [KEYS.b]: '10.90.0.2/32' });
    expect(await tell([member('b', bob), { ...member('c'), via: peerId('b') }])).toEqual({ [KEYS.b]: '10.90.0.2/32' });
    expect(await refused()).toEqual(['c: no operator signed that others may be reached through its relay']);
    expect(await tell([member('b', bob, true)])).toEqual({ [KEYS.b]: '10.90.0.2/32 10.90.0.3/32' });
    await tell([member('b', bob), member('c')]);
  });

  test('joined with a token that an operator signed, it has signed itself, and keeps no key to sign with', async () => {
    await until('it is handed in', () => server.seen.some(({ path }) => path.endsWith('/membership')));
    const { nodeId, addresses } = [...server.nodes.values()][0]!.answer;
    const { publicKey } = server.nodes.get(nodeId)!.request;
    const { signed: handed } = server.seen.find(({ path }) => path.endsWith('/membership'))!.body as NodeProof;
    const record = { memberId: nodeId, publicKey, addresses };
    expect(handed).toEqual(signOwnMembership(record, delegateTo(server.keyId), delegated));
    await until('nothing is left of it', () => !existsSync(join(agent.dir, 'own-signature.json')));
    const seed = Buffer.alloc(32, 9).toString('base64');
    expect(spawnSync('grep', ['-rlF', seed.slice(0, 40), agent.dir]).status).toBe(1);
  });

  test('nodes that signed themselves are taken, and nothing else that their key signed', async () => {
    const record = { memberId: peerId('d'), publicKey: KEYS.stranger, addresses: ['10.90.0.4'] };
    const self = (by: Delegation, key: Signer = delegated, more: object = {}): PeerResource => ({
      ...{ name: `peer/${peerId('d')}`, node: 'd', publicKey: KEYS.stranger, allowedIps: ['10.90.0.4/32'] },
      endpoint: '192.0.2.4:51820',
      signed: { addresses: record.addresses, ...signOwnMembership(record, by, key), ...more },
    });
    const kernel = inKernel();
    const good = delegateTo(server.keyId);
    for (const bad of [
      self(delegateTo(server.keyId, { networkId: peerId('m') })),
      self(delegateTo(server.keyId, { until: new Date(Date.now() - 1).toISOString() })),
      self({ ...good, until: new Date(Date.now() + 86_400_000).toISOString() }),
      self(delegateTo(server.keyId, {}, eve)),
      self(delegateTo(server.keyId, { publicKey: eve.publicKey }, delegated), eve),
      self(good, eve),
      self(good, delegated, { mayCarry: true }),
    ])
      expect(await tell([bad])).toEqual(kernel);
    expect(await tell([self(good)])).toEqual({ ...kernel, [KEYS.stranger]: '10.90.0.4/32' });
    const revoked = revoking(server.keyId);
    expect(await tell([lock(genesis, both, revoked)])).toEqual(kernel);
    expect((await refused()).join()).toContain('was revoked by an operator');
    expect(await tell([lock(genesis, both)])).toEqual(kernel);
    await tell([], [`peer/${peerId('d')}`]);
  });

  test('an operator who is removed counts no more, and an older key set does not bring him back', async () => {
    const revoked = revoking(server.keyId);
    const annAlone = signLock(changeAfter(revoked, { keys: [ann.publicKey] }), ann);
    expect(await tell([lock(genesis, both, revoked, annAlone)])).toEqual({ [KEYS.c]: '10.90.0.3/32' });
    expect(await tell([lock(genesis, both, revoked)])).toEqual({ [KEYS.c]: '10.90.0.3/32' });
    expect((await refused())[0]).toContain('ends before entry 4');
    const rival = signLock(changeAfter(revoked, { keys: [bob.publicKey] }), bob);
    expect(await tell([lock(genesis, both, revoked, rival)])).toEqual({ [KEYS.c]: '10.90.0.3/32' });
    expect(await tell([], ['lock'])).toEqual({ [KEYS.c]: '10.90.0.3/32' });
    expect((await agent.status()).lock).toMatchObject({ on: true, serial: 4, keys: [ann.publicKey] });
  });

  test('nor does a start with the control plane away', async () => {
    await agent.stop();
    execFileSync('ip', ['link', 'delete', 'tmb0']);
    agent.start('run');
    await until('the mesh is up from disk', async () => (await agent.status()).drift.length === 0);
    expect(inKernel()).toEqual({ [KEYS.c]: '10.90.0.3/32' });
  });
});
