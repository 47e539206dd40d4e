export interface NodeChangeView {
  name: string;
  /** Resources that are new or differ, and those that go. */
  upserts: string[];
  removed: string[];
}

/** Node by node, one resource a line. */
export function nodeChangesText(nodes: NodeChangeView[]): string[] {
  if (nodes.length === 0) return ['  nothing'];
  return nodes.flatMap(({ name, upserts, removed }) => [
    `  ${name}`,
    ...upserts.map((resource) => `    + ${resource}`),
    ...removed.map((resource) => `    - ${resource}`),
  ]);
}
