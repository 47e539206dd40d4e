import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';
import { delegationText } from '#contracts/delegation.js';
import { parseEnrolmentToken } from '#contracts/enrolment-token.js';
import { verifyNatively } from '#service/verify-natively.js';
import type { InterfaceResource, PeerResource } from '#contracts/node-stream.js';
import type { LockMemberView, LockView } from '#topology/lock-view.js';
import { type ControlPlane, startControlPlane } from '../support/control-plane.js';
import type { SimulatedNode } from '../support/simulated-node.js';
import { until } from '../support/wait.js';
import { type Cli, cliOf, joinNodes, program } from './tombolo.js';

// Many programs are started, each in a second or more on a busy machine.
jest.setTimeout(180_000);

let plane: ControlPlane;
let cli: Cli;
let nodes: SimulatedNode[];
const keys = mkdtempSync(join(tmpdir(), 'tombolo-operators-'));
beforeAll(async () => {
  plane = await startControlPlane();
  cli = cliOf(plane);
  cli.tombolo('network', 'create', 'office', '--cidr', '10.90.0.0/24');
  nodes = await joinNodes(plane, 'office', ['a', 'b']);
}, 150_000);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await plane.remove();
  rmSync(keys, { recursive: true });
}, 60_000);

const fileOf = (operator: string) => join(keys, `${operator}.json`);
const as = (operator: string, ...words: string[]) => cli.tombolo('lock', ...words, '--key', fileOf(operator), '--yes');
const statusFor = (operator: string) =>
  cli.json<Omit<LockView, 'waiting'> & { waiting: LockMemberView[]; delegated: LockMemberView[] }>(
    'lock',
    'status',
    'office',
    '--key',
    fileOf(operator),
  );
const publicKeyOf = (operator: string) => as(operator, 'key', 'office').out;

test('init signs who is there, keeps the key in a file of its own, and tells agents', async () => {
  expect(as('ann', 'sign', 'office')).toMatchObject({ code: 4, err: expect.stringContaining('lock key office') });
  const made = as('ann', 'init', 'office');
  expect([made.code, made.out]).toEqual([0, expect.stringMatching(/^the lock of office is on: [0-9a-f]{64}$/)]);
  expect(made.err).toContain('10.90.0.1');
  for (const file of [fileOf('ann'), `${fileOf('ann')}.unlock`]) expect(statSync(file).mode & 0o777).toBe(0o600);
  const { seed } = JSON.parse(readFileSync(fileOf('ann'), 'utf8')) as { seed: string };
  expect(made.out + made.err).not.toContain(seed);
  expect(statusFor('ann')).toMatchObject({ on: true, serial: 1, members: 2, waiting: [] });
  await until('agents to be told', () => nodes.every(({ set }) => set?.resources.has('lock')));
  expect(as('ann', 'init', 'office')).toMatchObject({ code: 3, err: expect.stringContaining('has a lock already') });
});

test('who joins waits, and is signed when the key is the one that the machine shows', async () => {
  nodes.push(...(await joinNodes(plane, 'office', ['c'])));
  const { publicKey } = cli.json<{ publicKey: string }>('node', 'show', 'office/c');
  expect(statusFor('ann').waiting).toMatchObject([{ name: 'c' }]);
  expect(cli.tombolo('status', 'office').out).toMatch(/^c +unsigned/m);
  const other = publicKeyOf('stranger');
  expect(as('ann', 'sign', 'office/c', '--public-key', other)).toMatchObject({ code: 3 });
  expect(as('ann', 'sign', 'office/x')).toMatchObject({ code: 4 });
  expect(as('stranger', 'sign', 'office')).toMatchObject({ code: 3, err: expect.stringContaining('lock add office') });
  expect(as('ann', 'sign', 'office/c', '--public-key', publicKey)).toMatchObject({ code: 0, out: '1 signed' });
  expect(as('ann', 'sign', 'office')).toMatchObject({ code: 0, out: '0 signed' });
  expect(as('ann', 'sign', 'office/b', '--carry')).toMatchObject({ code: 0, out: '1 signed' });
  expect(as('ann', 'sign', 'office/b', '--carry')).toMatchObject({ code: 0, out: '0 signed' });
  expect(cli.tombolo('status', 'office').out).not.toContain('unsigned');
});

test('a new key of a node waits for its signature, and is signed by the key that the machine shows', async () => {
  const [a, b] = nodes as [SimulatedNode, SimulatedNode];
  const own = () => (a.set?.resources.get('interface') as InterfaceResource | undefined)?.key;
  const peerOfA = (node: SimulatedNode) => node.set?.resources.get(`peer/${a.id}`) as PeerResource | undefined;
  const old = peerOfA(b)?.publicKey ?? '';
  const rotating = promisify(execFile)(process.execPath, [program, 'node', 'rotate-key', 'office/a'], {
    env: cli.environment,
  }).catch((error: { code: number; stderr: string }) => error);
  await until('the node to be asked', () => own()?.wanted !== undefined);
  const next = await a.offerKey(plane.http);
  expect(await rotating).toMatchObject({
    code: 3,
    stderr: expect.stringContaining(`tombolo lock sign office/a --public-key ${next}`),
  });
  await until('the node to be told', () => own()?.next === next);
  for (const node of nodes) node.tellApplied();
  expect(statusFor('ann').waiting).toMatchObject([
    { name: 'a', kind: 'next key', publicKey: next, waitsFor: 'never signed' },
  ]);
  const foreign = 'dTxsPrq0lj3+84GSETHJQjHzZov2yRjFv5F9R5aJvjY=';
  const refused = as('ann', 'sign', 'office/a', '--public-key', foreign);
  expect(refused).toMatchObject({ code: 3, err: expect.stringMatching(/ has the key .* and the key /) });
  expect(peerOfA(b)?.publicKey).toBe(old);
  expect(as('ann', 'sign', 'office/a', '--public-key', next)).toMatchObject({ code: 0, out: '1 signed' });
  await until('the others to be told', () => nodes.every((node) => node === a || peerOfA(node)?.nextSigned));
  for (const node of nodes) node.tellApplied();
  await until('the new key to be in use', () => own()?.current === next && peerOfA(b)?.publicKey === next);
});

test('an enrolment token is signed, so that who joins with it signs itself, and revoked', () => {
  const token = cli.tombolo('key', 'create', '--network', 'office', '--ephemeral', '--uses', '9').out;
  const made = as('ann', 'sign-key', 'office', token, '--for', '1h');
  expect(made).toMatchObject({ code: 0, err: expect.stringContaining('is a member until') });
  const { signing, lock, ...rest } = parseEnrolmentToken(made.out);
  expect({ ...rest, lock }).toEqual(parseEnrolmentToken(token));
  const { delegation } = signing!;
  expect(verifyNatively(delegationText(delegation), delegation.signature, delegation.by)).toBe(true);
  expect(as('ann', 'sign-key', 'office', token, '--for', '91d').code).toBe(2);
  expect(as('ann', 'revoke-key', 'office', rest.keyId)).toMatchObject({ code: 0 });
  const status = statusFor('ann');
  expect(delegation).toMatchObject({ keyId: rest.keyId, by: status.keys[0] });
  expect(status).toMatchObject({ serial: 2, revoked: [rest.keyId], waiting: [], delegated: [] });
});

test('a second operator is added, and removes the first without a node that lacks a signature', () => {
  const [ann, bob] = [publicKeyOf('ann'), publicKeyOf('bob')];
  expect(as('bob', 'add', 'office', bob)).toMatchObject({ code: 3 });
  expect(as('ann', 'add', 'office', bob)).toMatchObject({ code: 0 });
  expect(as('bob', 'remove', 'office', bob)).toMatchObject({ code: 3, err: expect.stringContaining('your own') });
  const removed = as('bob', 'remove', 'office', ann);
  expect(removed).toMatchObject({
    code: 0,
    out: expect.stringContaining('3 members'),
    err: expect.stringContaining('10.90.0.3'),
  });
  expect(statusFor('bob')).toMatchObject({ serial: 4, keys: [bob], waiting: [] });
  expect(as('ann', 'sign', 'office')).toMatchObject({ code: 3 });
});

test('one who is not to be believed is removed without signing again what that key signed', async () => {
  const carl = publicKeyOf('carl');
  expect(as('bob', 'add', 'office', carl)).toMatchObject({ code: 0 });
  nodes.push(...(await joinNodes(plane, 'office', ['d'])));
  expect(as('carl', 'sign', 'office/d')).toMatchObject({ code: 0, out: '1 signed' });
  const removed = as('bob', 'remove', 'office', carl, '--leave-unsigned');
  expect(removed).toMatchObject({
    code: 0,
    out: expect.stringContaining('1 wait'),
    err: expect.stringContaining('10.90.0.4'),
  });
  expect(statusFor('bob').waiting).toMatchObject([{ name: 'd', waitsFor: 'key removed' }]);
});

test('a server that shows another lock than was seen before gets nothing signed', () => {
  const bob = JSON.parse(readFileSync(fileOf('bob'), 'utf8')) as { pin: { entry: { serial: number } } };
  const ahead = { ...bob, pin: { ...bob.pin, entry: { ...bob.pin.entry, serial: 7 } } };
  writeFileSync(fileOf('ahead'), JSON.stringify(ahead));
  expect(as('ahead', 'sign', 'office')).toMatchObject({ code: 1, err: expect.stringContaining('not to be believed') });
  writeFileSync(fileOf('damaged'), '{"format":1}');
  expect(as('damaged', 'sign', 'office')).toMatchObject({ code: 1, err: expect.stringContaining('damaged') });
});

test('the secret takes the lock off when all keys are lost, and it can be put on again', () => {
  const secret = `${fileOf('ann')}.unlock`;
  writeFileSync(join(keys, 'wrong'), 'w'.repeat(43));
  expect(as('none', 'disable', 'office', '--secret-file', join(keys, 'wrong'))).toMatchObject({ code: 3 });
  expect(as('none', 'disable', 'office', '--secret-file', secret)).toMatchObject({ code: 0 });
  expect(statusFor('bob')).toMatchObject({ on: false, serial: 7 });
  expect(as('bob', 'init', 'office')).toMatchObject({ code: 0 });
  expect(as('bob', 'disable', 'office')).toMatchObject({ code: 0, out: 'the lock of office is off' });
});
