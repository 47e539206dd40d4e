import { pathText, type PairLatency, rttText } from '../latency/pair-latency.js';
import { type Column, renderList } from '../output/render.js';

/** How two nodes reach each other, as the API tells it. */
export interface PairPath extends PairLatency {
  why: string;
  since: string;
  lastHandshake: string | null;
}

/** What most want to know in one line, then a row for each pair. */
export function pathsText(pairs: PairPath[], now: Date): string {
  if (pairs.length === 0) return 'no two nodes that are enabled';
  return [summary(pairs), renderList('table', pairs, columnsAt(now)), ...remarks(pairs)].join('\n');
}

const columnsAt = (now: Date): Column<PairPath>[] => [
  ['node', ({ a }) => a.name],
  ['node', ({ b }) => b.name],
  ['path', pathText],
  ['state', stateOf],
  ['since', ({ since }) => ago(since, now)],
  ['handshake', ({ lastHandshake }) => lastHandshake && ago(lastHandshake, now)],
  ['round trip', rttText],
  ['why', ({ why }) => why],
];

const KINDS = ['lan', 'public', 'punched', 'relayed', 'none'] as const;

function summary(pairs: PairPath[]): string {
  const kinds = KINDS.map((kind) => [kind, pairs.filter(({ path }) => path === kind).length] as const);
  const silent = pairs.filter(({ link }) => link === 'unanswered').length;
  const counts = kinds.filter(([, count]) => count > 0).map(([kind, count]) => `${count} ${kind}`);
  return `${pairs.length} ${pairs.length === 1 ? 'pair' : 'pairs'}: ${counts.join(', ')}${silent > 0 ? `; ${silent} silent` : ''}`;
}

function stateOf({ link, path }: PairPath): string {
  if (path === 'none' && link !== 'up') return 'no path';
  return { up: 'up', unanswered: 'silent', unknown: 'idle' }[link];
}

function remarks(pairs: PairPath[]): string[] {
  return [
    ...(pairs.some(({ link, path }) => link === 'unknown' && path !== 'none')
      ? ['idle: neither has told of it lately, as where there is no traffic']
      : []),
    ...(pairs.some(({ link }) => link === 'unanswered') ? ['silent: called, and nothing came back'] : []),
    ...(pairs.some(({ link, path }) => link === 'up' && path === 'none')
      ? [
          'none, but up: no way is known to work, yet one does at the best endpoints there are; a site, or a public endpoint, would make it sure',
        ]
      : []),
    ...(pairs.some(({ byHops, rtt }) => byHops && rtt !== null) ? ['~: by way of relays, the sum of the hops'] : []),
  ];
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
] as const;

/** `12 min ago`, in the largest unit that it has one of. */
export function ago(time: string, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(time)) / 1_000));
  const unit = UNITS.find(([, size]) => seconds >= size);
  return unit ? `${Math.floor(seconds / unit[1])} ${unit[0]} ago` : `${seconds} s ago`;
}
