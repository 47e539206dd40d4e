import { KernelModel } from '../memory/kernel-model.js';
import { desired, KEYS, local, ownInterface, peer } from '../testing/fixtures.js';
import { checkSet } from './check-set.js';
import { diffDevice } from './diff-device.js';
import { greetPeers } from './greet-peers.js';

const endpoint = '192.0.2.2:51820';
const before = [ownInterface({ keepalive: 25 }), peer('b', { endpoint })];
const learning = [ownInterface({ keepalive: 25 }), peer('b', { endpoint, nextKey: KEYS.c })];
const after = [ownInterface({ keepalive: 25 }), peer('b', { endpoint, publicKey: KEYS.c })];

test('a peer’s next key is learned beside the other, with no prefix; then the prefix moves in one step', () => {
  const kernel = new KernelModel(1, KEYS.own);
  const steps = [before, learning, after].map((set) => {
    const operations = diffDevice(desired(set), kernel.read(), new Set());
    operations.forEach((operation) => kernel.apply(operation));
    return operations.filter(({ kind }) => kind.startsWith('pe') || kind.startsWith('pre'));
  });
  expect(steps[1]).toEqual([
    { kind: 'peer-set', publicKey: KEYS.c, allowedIps: [], endpoint, reason: expect.any(String) },
  ]);
  expect(steps[2]).toEqual([
    { kind: 'peer-set', publicKey: KEYS.c, allowedIps: ['10.90.0.2/32'], keepalive: 25, reason: expect.any(String) },
    { kind: 'peer-remove', publicKey: KEYS.b, reason: expect.any(String) },
  ]);
});

test.each([
  ['our own', { nextKey: KEYS.own }, /our own key/],
  ['that of another peer', { nextKey: KEYS.c }, /has the same public key/],
  ['the one it has', { nextKey: KEYS.b }, /has the same public key/],
  ['no key', { nextKey: 'AAAA' }, /"nextKey"/],
])('a next key that is %s is refused', (_, changes, message) => {
  const problems = checkSet([ownInterface(), peer('b', changes), peer('c')], local.publicKey);
  expect(problems.map((problem) => problem.message).join()).toMatch(message);
});

test.each([
  [{ current: 'AAAA' }, /key.current/],
  [{ current: KEYS.own, next: 'x' }, /key.next/],
  [{ current: KEYS.own, wanted: 0 }, /key.wanted/],
])('an order %j is refused', (key, message) => {
  expect(checkSet([ownInterface({ key })], local.publicKey).map((problem) => problem.message)).toEqual([
    expect.stringMatching(message),
  ]);
});

test('greeting ends with the keepalive that is desired, and touches nothing else', () => {
  const kernel = new KernelModel(1, KEYS.own);
  const device = desired([ownInterface({ keepalive: 25 }), peer('b', { endpoint, nextKey: KEYS.stranger }), peer('c')]);
  diffDevice(device, kernel.read(), new Set()).forEach((operation) => kernel.apply(operation));
  const read = kernel.read();
  const steps = greetPeers(device);
  steps.forEach((operation) => kernel.apply(operation));
  expect(kernel.read()).toEqual(read);
  expect(steps.map((step) => step.kind === 'peer-set' && [step.publicKey, step.keepalive])).toEqual([
    [KEYS.c, 0],
    [KEYS.c, 1],
    [KEYS.c, 0],
    [KEYS.b, 0],
    [KEYS.b, 25],
  ]);
});
