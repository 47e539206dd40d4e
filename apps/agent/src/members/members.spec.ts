import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LockEntry, lockHash } from '#contracts/membership-lock.js';
import type { NodeSet } from '#contracts/node-fold.js';
import type { PeerResource, Resource } from '#contracts/node-stream.js';
import { changeAfter, signLock, signMember } from '#contracts/sign-membership.js';
import { KEYS, ownInterface, peer, peerId } from '#wireguard/testing/fixtures.js';
import { lockBy, operator, unlockSecret } from '../../../../test/support/operator.js';
import { StateDir } from '../state/state-dir.js';
import { Members, writePin } from './members.js';

const [ann, bob, eve] = [operator(1), operator(2), operator(3)];
const networkId = peerId('n');
const genesis = lockBy(ann, networkId);
const both = signLock(changeAfter(genesis, { keys: [ann.publicKey, bob.publicKey] }), ann);
const bobAlone = signLock(changeAfter(both, { keys: [bob.publicKey] }), bob);

const member = (node: 'a' | 'b', by = ann) => {
  const [publicKey, addresses] = node === 'a' ? [KEYS.own, ['10.90.0.1', 'fd12::1']] : [KEYS.b, ['10.90.0.2']];
  const record = { networkId, memberId: peerId(node), publicKey, addresses, mayCarry: false };
  return { addresses, ...signMember(record, by) };
};
const setOf = (chain: LockEntry[] | undefined, by = ann): NodeSet => {
  const resources: Resource[] = [
    ...(chain ? [{ name: 'lock' as const, chain }] : []),
    ownInterface({ signed: member('a', by) }),
    peer('b', { signed: member('b', by) }),
  ];
  return {
    epoch: 1,
    revision: 1,
    logVersion: 1,
    digest: 0n,
    resources: new Map(resources.map((each) => [each.name, each])),
  };
};

let path: string;
let dir: StateDir;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'tombolo-members-'));
  dir = new StateDir(path);
});
afterEach(() => rmSync(path, { recursive: true }));

const load = () => Members.load(dir, peerId('a'));
const taken = (members: Members, set: NodeSet) =>
  [...members.admit(set, KEYS.own).set.resources.values()].filter((each): each is PeerResource =>
    each.name.startsWith('peer/'),
  ).length;
const why = (members: Members, set: NodeSet) =>
  members
    .admit(set, KEYS.own)
    .refused.map(({ message }) => message)
    .join();

test('without a lock everything is taken, as the object that it was, and nothing is written', async () => {
  const members = await load();
  const set = setOf(undefined);
  await members.learn(set);
  expect(members.admit(set, KEYS.own)).toEqual({ set, refused: [] });
  expect(members.admit(set, KEYS.own).set).toBe(set);
  expect(() => statSync(dir.file('members'))).toThrow('ENOENT');
});

test('the first lock is believed, kept on disk, and closed to others', async () => {
  const members = await load();
  await members.learn(setOf([genesis, both]));
  expect(statSync(dir.file('members')).mode & 0o777).toBe(0o600);
  expect((await load()).pin).toEqual({ fingerprint: lockHash(genesis), entry: both });
  expect(taken(members, setOf([genesis, both]))).toBe(1);
  expect(taken(members, setOf([genesis, both], bob))).toBe(1);
  expect(taken(members, setOf([genesis, both], eve))).toBe(0);
});

test.each<[string, LockEntry[] | undefined, string]>([
  ['an older key set', [genesis, both], 'ends before entry 3'],
  ['no lock at all', undefined, 'ends before entry 3'],
  ['a lock of its own', [lockBy(eve, networkId)], 'not the lock that was pinned'],
  [
    'a key set of its own',
    [genesis, both, bobAlone, signLock(changeAfter(bobAlone, { keys: [eve.publicKey] }), eve)],
    'entry 4',
  ],
])('a control plane that shows %s changes nothing', async (_, chain, reason) => {
  const members = await load();
  await members.learn(setOf([genesis, both, bobAlone]));
  const before = members.pin;
  for (const by of [ann, eve]) {
    const set = setOf(chain, by);
    await members.learn(set);
    expect(members.pin).toBe(before);
    expect(taken(members, set)).toBe(0);
    expect(why(members, set)).toContain(reason);
  }
  expect(taken(members, setOf(chain, bob))).toBe(1);
});

test('a key that was removed counts no more from the moment that it is known', async () => {
  const members = await load();
  const before = setOf([genesis, both]);
  await members.learn(before);
  expect(taken(members, before)).toBe(1);
  await members.learn(setOf([genesis, both, bobAlone], bob));
  expect(taken(members, before)).toBe(0);
});

test.each([
  ['a key that counts', signLock(changeAfter(both, { keys: [] }), bob)],
  ['the secret', { ...changeAfter(both, { keys: [] }), secret: unlockSecret }],
])('off again, by %s: everybody is taken', async (_, off) => {
  const members = await load();
  await members.learn(setOf([genesis, both]));
  await members.learn(setOf([genesis, both, off]));
  expect(taken(members, setOf([genesis, both, off], eve))).toBe(1);
  expect((await load()).pin.entry).toEqual(off);
});

test('pinned when it joined: nobody is taken before that very lock is shown', async () => {
  await writePin(dir, { fingerprint: lockHash(genesis), entry: null });
  const members = await load();
  const other = setOf([lockBy(eve, networkId)], eve);
  for (const set of [setOf(undefined), other]) {
    await members.learn(set);
    expect(taken(members, set)).toBe(0);
  }
  expect(why(members, other)).toContain('not the lock that was pinned');
  await members.learn(setOf([genesis]));
  expect(taken(members, setOf([genesis]))).toBe(1);
});

test('a memory that is damaged is no reason to trust anybody', async () => {
  await (await load()).learn(setOf([genesis]));
  const good = readFileSync(dir.file('members'), 'utf8');
  for (const bad of [
    '',
    '{}',
    good.slice(0, -9),
    good.replace('"serial": 1', '"serial": 0'),
    good.replace('"format": 1', '"format": 2'),
  ]) {
    writeFileSync(dir.file('members'), bad);
    await expect(load()).rejects.toThrow('membership-lock.json');
  }
});
