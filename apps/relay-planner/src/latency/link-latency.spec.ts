import { expect, test } from '@jest/globals';
import type { ObservedLink } from '#contracts/reports.js';
import { nodeId } from '../../../../test/support/network-facts.js';
import { ObservationBook } from '../observations/observation-book.js';
import { linkLatency } from './link-latency.js';

const [a, b, c] = [1, 2, 3].map(nodeId) as [string, string, string];
const WALL = new Date('2026-11-20T12:00:00Z');
const MINUTE = 60_000;

const link = (to: string, rtt: number | null, state: ObservedLink['link'] = 'up'): ObservedLink => ({
  nodeId: to,
  endpoint: '192.0.2.1:51820',
  link: state,
  rtt,
});

/** What was heard, each as [when, from whom, what]; asked at minute ten. */
function heard(...reports: [at: number, from: string, link: ObservedLink][]) {
  const book = new ObservationBook();
  for (const [at, from, peer] of reports) book.hear(from, { endpoints: [], peers: [peer], forwarded: [] }, at * MINUTE);
  return (pair: [string, string], now = 10) => linkLatency(book, pair, { monotonic: now * MINUTE, wall: WALL });
}

test('a pair has one time, whoever measured it and whoever asks', () => {
  const ask = heard([9, a, link(b, 12.5)]);
  const known = { link: 'up', rtt: 12.5, handshakeAt: null, heardAt: '2026-11-20T11:59:00.000Z' };
  expect(ask([a, b])).toEqual(known);
  expect(ask([b, a])).toEqual(known);
  expect(ask([a, c])).toBeNull();
});

test('a link that is up and was not measured has no time yet', () => {
  expect(heard([9, a, link(b, null)])([a, b])).toMatchObject({ link: 'up', rtt: null });
});

test('the last word counts: who does not answer has no time, whatever was measured before', () => {
  const ask = heard([7, a, link(b, 3)], [8, b, link(a, 3)], [9, a, link(b, 3, 'unanswered')]);
  expect(ask([b, a])).toMatchObject({ link: 'unanswered', rtt: null, heardAt: '2026-11-20T11:59:00.000Z' });
});

test('the newest handshake is that of the end that told of it last or saw a newer one', () => {
  const ask = heard([7, a, { ...link(b, 3), handshakeAge: 10 }], [9, b, { ...link(a, 3), handshakeAge: 160 }]);
  expect(ask([a, b])?.handshakeAt).toBe('2026-11-20T11:56:50.000Z');
});

test('what nobody has told again for a quarter of an hour is not known any more', () => {
  const ask = heard([0, a, link(b, 3)]);
  expect(ask([a, b], 14.9)).not.toBeNull();
  expect(ask([a, b], 15)).toBeNull();
});
