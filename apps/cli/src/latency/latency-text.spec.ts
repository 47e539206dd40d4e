import { latencyText } from './latency-text.js';
import type { PairLatency } from './pair-latency.js';

const node = (name: string) => ({ nodeId: name, name });
const pair = (a: string, b: string, known: Partial<PairLatency> = {}): PairLatency => ({
  a: node(a),
  b: node(b),
  path: 'public',
  via: [],
  link: 'up',
  rtt: null,
  byHops: false,
  heardAt: '2026-11-20T12:00:00.000Z',
  ...known,
});
const lines = (pairs: PairLatency[]) => latencyText(pairs).split('\n');

test('a matrix that reads the same by row and by column', () => {
  const pairs = [
    pair('a', 'b', { rtt: 12.34 }),
    pair('a', 'c', { rtt: 52, byHops: true, path: 'relayed', via: [node('r')] }),
    pair('b', 'c', { link: 'unanswered' }),
  ];
  expect(lines(pairs).map((line) => line.replace(/ {2,}/g, '|'))).toEqual([
    'ROUND TRIP|A|B|C',
    'a|12.3 ms|~52 ms',
    'b|12.3 ms|silent',
    'c|~52 ms|silent',
    '~: by way of relays, the sum of the hops',
    'silent: called, and nothing came back',
  ]);
});

test('where it would be too wide, a list of what is known, the nearest first', () => {
  const names = Array.from({ length: 13 }, (_, n) => `n${String(n).padStart(2, '0')}`);
  const [first, second, third, ...rest] = names.slice(1).map((name) => pair('n00', name));
  const text = latencyText([
    { ...first!, rtt: 7 },
    { ...second!, link: 'unanswered' },
    { ...third!, rtt: 3, path: 'relayed', via: [node('n01')] },
    ...rest,
  ]);
  expect(text.split('\n').map((line) => line.replace(/ {2,}/g, '|'))).toEqual([
    'NODE|NODE|ROUND TRIP|PATH',
    'n00|n03|3 ms|relayed via n01',
    'n00|n01|7 ms|public',
    'n00|n02|silent|public',
    'not measured: 9 pairs',
    'silent: called, and nothing came back',
  ]);
});

test('nobody there', () => {
  expect(latencyText([])).toBe('no two nodes that are enabled');
});
