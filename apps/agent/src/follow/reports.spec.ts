import { jest } from '@jest/globals';
import type { AppliedReport, HeartbeatReport } from '#contracts/reports.js';
import type { AgentReport } from '#messaging/agent-connection.js';
import { Reports } from './reports.js';

let sent: AgentReport[];
beforeEach(() => {
  jest.useFakeTimers();
  sent = [];
});
afterEach(() => void jest.useRealTimers());

const applied = (revision: number): AppliedReport => ({ epoch: 1, revision, digest: `${revision}`, tookMs: 1 });
const reports = ({ peers = 1000, isHasty = false, held = 7 } = {}) =>
  new Reports({
    send: (report) => sent.push(report),
    heartbeat: () => ({ epoch: 1, revision: held, digest: `${held}` }) as HeartbeatReport,
    peers: () => peers,
    isHasty,
  });
const kinds = () => sent.map((report) => report.kind);

test.each([
  ['that somebody may wait for goes out after a quarter to three quarters of a millisecond for each peer', true, 500],
  ['that nobody waits for goes out at 30 a second, all peers together', false, 30_000],
])('an applied set %s', (_, isAwaited, mean) => {
  const times = Array.from({ length: 50 }, () => {
    sent = [];
    const start = Date.now();
    reports({ peers: 1000 }).applied(applied(1), isAwaited);
    jest.runOnlyPendingTimers();
    expect(sent).toHaveLength(1);
    return Date.now() - start;
  });
  expect(Math.max(...times)).toBeLessThanOrEqual(1.5 * mean);
  expect(Math.max(...times)).toBeGreaterThan(mean);
  expect(Math.min(...times)).toBeGreaterThanOrEqual(0.5 * mean);
});

test('of several that wait the newest is said, once', () => {
  const told = reports();
  for (const revision of [1, 2, 3]) told.applied(applied(revision), true);
  jest.advanceTimersByTime(1000);
  expect(sent).toEqual([{ kind: 'applied', body: applied(3) }]);
});

test.each([
  ['comes after one that is not', [false, true]],
  ['comes before one that is not', [true, false]],
])('one that is awaited and %s is said in time, with the newest', (_, [first, second]) => {
  const told = reports();
  told.applied(applied(1), first!);
  told.applied(applied(2), second!);
  jest.advanceTimersByTime(750);
  expect(sent).toEqual([{ kind: 'applied', body: applied(2) }]);
  jest.advanceTimersByTime(60_000);
  expect(sent).toHaveLength(1);
});

test('changes without end put off no report', () => {
  const told = reports({ peers: 100 });
  for (let second = 1; second <= 60; second++) {
    told.applied(applied(second), false);
    jest.advanceTimersByTime(1_000);
  }
  // Each waits 1.5 to 4.5 s.
  expect(sent.length).toBeGreaterThanOrEqual(12);
});

test('a heartbeat says what waits; one that says something else does not', () => {
  const level = reports({ held: 7 });
  level.applied(applied(7), false);
  level.connected();
  level.stop();
  expect(kinds()).toEqual(['heartbeat']);
  sent = [];
  const moved = reports({ held: 7 });
  moved.applied(applied(8), false);
  moved.connected();
  moved.stop();
  expect(kinds()).toEqual(['heartbeat', 'applied']);
});

test('a refusal waits for nothing; nor does an agent that is about to end', () => {
  reports().rejected({ epoch: 1, revision: 2, held: 1, errors: [] });
  reports({ isHasty: true }).applied(applied(2), false);
  expect(kinds()).toEqual(['rejected', 'applied']);
});

test('soon after a connect it speaks again: the broker is back before those who listen', () => {
  reports().connected();
  jest.advanceTimersByTime(3_600);
  expect(kinds()).toEqual(['heartbeat', 'heartbeat']);
  jest.advanceTimersByTime(12_000);
  expect(kinds()).toHaveLength(3);
  // The next one is due 24 to 36 s after the third, which came after 10.4 s at the earliest.
  jest.advanceTimersByTime(18_700);
  expect(kinds()).toHaveLength(3);
  jest.advanceTimersByTime(17_400);
  expect(kinds()).toHaveLength(4);
});

test('a heartbeat at each connect and about every 30 s', () => {
  const told = reports();
  told.connected();
  told.connected();
  expect(kinds()).toEqual(['heartbeat', 'heartbeat']);
  jest.advanceTimersByTime(10 * 30_000);
  expect(sent.length).toBeGreaterThanOrEqual(2 + 8);
  expect(sent.length).toBeLessThanOrEqual(2 + 14);
  told.stop();
  const before = sent.length;
  jest.advanceTimersByTime(100_000);
  expect(sent).toHaveLength(before);
});

test('what waits is said before it stops', () => {
  const told = reports();
  told.applied(applied(5), false);
  told.stop();
  expect(sent).toEqual([{ kind: 'applied', body: applied(5) }]);
});
