import { jest } from '@jest/globals';
import type { NodeSet } from '#contracts/node-fold.js';
import { ownInterface, route } from '#wireguard/testing/fixtures.js';
import { createLog } from '../log.js';
import { WayGuard } from './way-guard.js';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const setOf = (...cidrs: string[]): NodeSet => {
  const resources = [ownInterface(), ...cidrs.map(route)];
  return {
    epoch: 1,
    revision: 1,
    logVersion: 1,
    digest: 0n,
    resources: new Map(resources.map((each) => [each.name, each])),
  };
};
const before = setOf('10.90.0.0/16');
const cutting = setOf('10.90.0.0/16', '203.0.113.0/24');

function guarding(link: { isConnected?: boolean; answers?: () => boolean } = {}) {
  const told: string[] = [];
  const guard = new WayGuard({
    link: {
      isConnected: link.isConnected ?? true,
      controlPlane: ['203.0.113.1/32'],
      answers: async () => (told.push('probe'), link.answers?.() ?? true),
      redial: () => void told.push('redial'),
    },
    log: createLog('silent'),
  });
  return { guard, told };
}
const later = (ms: number) => jest.advanceTimersByTimeAsync(ms);

test.each<[string, NodeSet | undefined, NodeSet]>([
  ['the first set', undefined, cutting],
  ['a set that leaves the way alone', before, setOf('10.90.0.0/16', '192.168.0.0/16')],
])('%s is held at once', async (_, held, set) => {
  const { guard, told } = guarding();
  expect(await guard.prove(held, set)).toBe('hold');
  expect(told).toEqual([]);
});

test('a set that changes the way is held when the control plane has answered a few times', async () => {
  const { guard, told } = guarding();
  const proof = guard.prove(before, cutting);
  await later(10_000);
  expect(await proof).toBe('hold');
  expect(told).toEqual(['probe', 'probe', 'probe']);
});

test('silence: another connection is tried, then the return, then it shows who was to blame', async () => {
  const { guard, told } = guarding({ answers: () => false });
  const proof = guard.prove(before, cutting);
  await later(30_000);
  expect(await proof).toBe('return');
  expect(told).toEqual(['probe', 'redial']);
  const judgement = guard.judge();
  guard.connected();
  expect(await judgement).toBe('blame');
  expect(told).toEqual(['probe', 'redial', 'redial']);
});

test('a connection that breaks is as silence; one over the new way proves it', async () => {
  const { guard, told } = guarding();
  const proof = guard.prove(before, cutting);
  guard.disconnected();
  guard.connected();
  expect(await proof).toBe('hold');
  expect(told).toEqual(['redial']);
});

test('away after the return as well: the set is trusted', async () => {
  const { guard } = guarding({ answers: () => false });
  const proof = guard.prove(before, cutting);
  await later(30_000);
  await proof;
  const judgement = guard.judge();
  await later(60_000);
  expect(await judgement).toBe('trust');
});

test('ended while it waits, it says neither', async () => {
  const { guard } = guarding({ answers: () => false });
  const proof = guard.prove(before, cutting);
  guard.stop();
  expect(await proof).toBe('stopped');
  expect(await guard.judge()).toBe('stopped');
});
