import type { Column } from '../output/render.js';
import { type ClusterReference, type CrossingView, virtualText } from './cluster.view.js';

export interface LinkView {
  linkId: string;
  a: ClusterReference;
  b: ClusterReference;
  /** What crosses, from each of both clusters. */
  ranges: { a: CrossingView[]; b: CrossingView[] };
  version: number;
}

export const linkColumns: Column<LinkView>[] = [
  ['cluster', ({ a }) => a.name],
  ['seen as', ({ ranges }) => seenAs(ranges.a)],
  ['cluster', ({ b }) => b.name],
  ['seen as', ({ ranges }) => seenAs(ranges.b)],
  ['id', ({ linkId }) => linkId],
];

/** What was linked, and under which addresses each side knows the other. */
export function linkText({ a, b, ranges }: LinkView): string {
  return [
    `${a.name} and ${b.name} are linked`,
    ...[sideText(a.name, ranges.a), sideText(b.name, ranges.b)].map((side) => `  ${side}`),
  ].join('\n');
}

function sideText(name: string, ranges: CrossingView[]): string {
  const virtual = virtualText(ranges);
  return virtual === '' ? `${name} is known by its own addresses` : `${name} has virtual ranges: ${virtual}`;
}

const seenAs = (ranges: CrossingView[]) => ranges.map(({ crossing }) => crossing).join(' ');
