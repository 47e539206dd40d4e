import { canonicalPrefix } from '#ipam/prefix.js';

/** One request that brings a network closer to its file. */
export interface Step {
  does: 'create' | 'change' | 'delete';
  /** For instance `cluster east`. */
  what: string;
  /** What of it changes, for people. */
  details: string[];
  request: { method: 'POST' | 'PATCH' | 'PUT' | 'DELETE'; path: string; body?: unknown };
  /** The same as `POST plan` takes it; null for a network that is not there to be planned. */
  command: Record<string, unknown> | null;
}

export interface Change {
  field: string;
  from: string;
  to: string;
}

export const detail = ({ field, from, to }: Change) => `${field}: ${from} → ${to}`;

/** What differs, of the fields that are wanted. */
export function changesOf(wanted: Record<string, string | undefined>, now: Record<string, string>): Change[] {
  return Object.entries(wanted).flatMap(([field, to]) => {
    const from = now[field] ?? '';
    return to === undefined || to === from ? [] : [{ field, from: from || 'none', to: to || 'none' }];
  });
}

/** Only those fields of a body that changed. */
export function pick<T extends object>(body: T, changes: Change[]): Partial<T> {
  const names = changes.map(({ field }) => field);
  return Object.fromEntries(Object.entries(body).filter(([field]) => names.includes(field))) as Partial<T>;
}

/** Ranges as one text: equal for equal sets, however they were written. */
export const rangesText = (ranges: readonly string[] | undefined) =>
  ranges && [...new Set(ranges.map(canonical))].sort().join(' ');

/** What is no range is left to the server to refuse. */
function canonical(range: string): string {
  try {
    return canonicalPrefix(range);
  } catch {
    return range;
  }
}
