/**
 * Which of the living replicas should publish for a network: highest random weight, so that a replica that comes or
 * goes moves only its own share, and all replicas agree without talking.
 */
export function preferredReplica(network: string, replicas: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestWeight = -1;
  for (const replica of [...replicas].sort()) {
    const weight = fnv1a(`${replica} ${network}`);
    if (weight > bestWeight) [best, bestWeight] = [replica, weight];
  }
  return best;
}

/** FNV-1a, 32 bit, with a final mix (murmur3's) so that similar texts part. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
