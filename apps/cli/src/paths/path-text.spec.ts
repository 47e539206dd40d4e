import { ago, type PairPath, pathsText } from './path-text.js';

const NOW = new Date('2026-11-21T12:00:00Z');
const node = (name: string) => ({ nodeId: name, name });
const pair = (b: string, overrides: Partial<PairPath> = {}): PairPath => ({
  a: node('a'),
  b: node(b),
  path: 'public',
  via: [],
  link: 'up',
  rtt: 12.5,
  byHops: false,
  heardAt: '2026-11-21T11:59:00Z',
  why: `anybody can call ${b}`,
  since: '2026-11-20T11:59:00Z',
  lastHandshake: '2026-11-21T11:59:20Z',
  ...overrides,
});

const lines = (pairs: PairPath[]) =>
  pathsText(pairs, NOW)
    .split('\n')
    .map((line) => line.replace(/ {2,}/g, '|'));

test('how many of each kind there are, then a row for each pair', () => {
  const relayed = { path: 'relayed' as const, via: [node('r')], byHops: true, why: 'nobody can call either' };
  expect(
    lines([
      pair('b'),
      pair('c', relayed),
      pair('d', { ...relayed, link: 'unanswered', rtt: null }),
      pair('e', { path: 'none', link: 'unknown', rtt: null, lastHandshake: null, why: 'e can use no UDP' }),
      pair('f', { path: 'lan', link: 'unknown', rtt: null, lastHandshake: null, why: 'both are at site oslo' }),
    ]),
  ).toEqual([
    '5 pairs: 1 lan, 1 public, 2 relayed, 1 none; 1 silent',
    'NODE|NODE|PATH|STATE|SINCE|HANDSHAKE|ROUND TRIP|WHY',
    'a|b|public|up|1 d ago|40 s ago|12.5 ms|anybody can call b',
    'a|c|relayed via r|up|1 d ago|40 s ago|~12.5 ms|nobody can call either',
    'a|d|relayed via r|silent|1 d ago|40 s ago|-|nobody can call either',
    'a|e|none|no path|1 d ago|-|-|e can use no UDP',
    'a|f|lan|idle|1 d ago|-|-|both are at site oslo',
    'idle: neither has told of it lately, as where there is no traffic',
    'silent: called, and nothing came back',
    '~: by way of relays, the sum of the hops',
  ]);
});

test('what nobody vouches for, and works', () => {
  expect(lines([pair('b', { path: 'none', why: 'nobody can call a, and it has no relay' })])).toEqual([
    '1 pair: 1 none',
    'NODE|NODE|PATH|STATE|SINCE|HANDSHAKE|ROUND TRIP|WHY',
    'a|b|none|up|1 d ago|40 s ago|12.5 ms|nobody can call a, and it has no relay',
    'none, but up: no way is known to work, yet one does at the best endpoints there are; a site, or a public endpoint, would make it sure',
  ]);
});

test('nothing to show', () => {
  expect(lines([])).toEqual(['no two nodes that are enabled']);
});

test.each([
  ['2026-11-21T12:00:01Z', '0 s ago'],
  ['2026-11-21T11:59:01Z', '59 s ago'],
  ['2026-11-21T11:00:01Z', '59 min ago'],
  ['2026-11-20T12:00:01Z', '23 h ago'],
  ['2026-11-01T12:00:00Z', '20 d ago'],
])('%s is %s', (time, expected) => {
  expect(ago(time, NOW)).toBe(expected);
});
