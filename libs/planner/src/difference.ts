import { addToDigest, EMPTY_DIGEST, removeFromDigest, type Resource } from '#contracts/node-stream.js';
import type { ChangeGroup } from './plan.js';
import { hashOf } from './resources.js';

export type Difference = Omit<ChangeGroup, 'nodeIds'>;

/** What turns one set of resources into another, both sorted by name; undefined when nothing is different. */
export function difference(before: readonly Resource[], after: readonly Resource[]): Difference | undefined {
  const upserts: Resource[] = [];
  const removed: string[] = [];
  let digestChange = EMPTY_DIGEST;
  const lose = (body: Resource) => (digestChange = removeFromDigest(digestChange, hashOf(body)));
  const gain = (body: Resource) => (digestChange = addToDigest(digestChange, hashOf(body)));

  for (let i = 0, j = 0; i < before.length || j < after.length;) {
    const old = before[i];
    const now = after[j];
    if (old && (!now || old.name < now.name)) {
      removed.push(old.name);
      lose(old);
      i++;
    } else if (now && (!old || now.name < old.name)) {
      upserts.push(now);
      gain(now);
      j++;
    } else if (old && now) {
      if (old !== now && hashOf(old) !== hashOf(now)) {
        upserts.push(now);
        lose(old);
        gain(now);
      }
      i++;
      j++;
    }
  }
  return upserts.length || removed.length ? { upserts, removed, digestChange } : undefined;
}

/**
 * Two differences with the same key are the same. The digest is part of it: whoever replaces or drops different bodies of
 * one name ends at different digests, although the message reads alike.
 */
export function keyOf({ upserts, removed, digestChange }: Difference): string {
  const bodies = upserts.map((resource) => hashOf(resource).toString(36));
  return [digestChange.toString(36), ...bodies, ...removed].join();
}
