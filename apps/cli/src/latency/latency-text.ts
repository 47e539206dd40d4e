import { type Column, renderList, table } from '../output/render.js';
import { pathText, type PairLatency, rttText } from './pair-latency.js';

/** So many columns fit on a screen. */
const WIDEST_MATRIX = 12;

/** Round-trip times as a matrix; as a list, the nearest first, where a matrix would be too wide. */
export function latencyText(pairs: PairLatency[]): string {
  const names = [...new Set(pairs.flatMap(({ a, b }) => [a.name, b.name]))].sort();
  if (names.length === 0) return 'no two nodes that are enabled';
  return [names.length <= WIDEST_MATRIX ? matrix(names, pairs) : list(pairs), ...remarks(pairs)].join('\n');
}

function matrix(names: string[], pairs: PairLatency[]): string {
  const cells = new Map(pairs.flatMap((pair) => twice(pair.a.name, pair.b.name, cellOf(pair))));
  const rows = names.map((row) => [row, ...names.map((column) => cells.get(`${row} ${column}`) ?? '')]);
  return table(['round trip', ...names], rows);
}

const twice = (a: string, b: string, cell: string): [string, string][] => [
  [`${a} ${b}`, cell],
  [`${b} ${a}`, cell],
];

const cellOf = (pair: PairLatency) => (pair.link === 'unanswered' ? 'silent' : rttText(pair));

const columns: Column<PairLatency>[] = [
  ['node', ({ a }) => a.name],
  ['node', ({ b }) => b.name],
  ['round trip', cellOf],
  ['path', pathText],
];

function list(pairs: PairLatency[]): string {
  const known = pairs.filter(({ rtt, link }) => rtt !== null || link === 'unanswered');
  const sorted = [...known].sort((one, other) => (one.rtt ?? Infinity) - (other.rtt ?? Infinity));
  return [
    renderList('table', sorted, columns),
    ...(known.length < pairs.length ? [`not measured: ${pairs.length - known.length} pairs`] : []),
  ].join('\n');
}

function remarks(pairs: PairLatency[]): string[] {
  return [
    ...(pairs.some(({ byHops, rtt }) => byHops && rtt !== null) ? ['~: by way of relays, the sum of the hops'] : []),
    ...(pairs.some(({ link }) => link === 'unanswered') ? ['silent: called, and nothing came back'] : []),
  ];
}
