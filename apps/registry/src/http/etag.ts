/** The entity tag of a resource: the log version that made it so. */
export const etag = (version: number) => `"${version}"`;

/** No resource has this version. */
const NEVER = 0;

/**
 * The version that a writer has read, from `If-Match` (RFC 9110 §13.1.1): undefined for none and for `*`. A tag that this
 * API never gave (weak, foreign, a list) matches nothing.
 */
export function parseIfMatch(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const match = /^"(\d{1,15})"$/.exec(header.trim());
  return match ? Number(match[1]) : NEVER;
}
