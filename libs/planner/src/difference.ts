import { addToDigest, EMPTY_DIGEST, removeFromDigest, type Resource } from '#contracts/node-stream.js';
import type { ChangeGroup } from './plan.js';
import { byName, hashOf } from './resources.js';

export type Difference = Omit<ChangeGroup, 'nodeIds'>;

/** What turns one set of resources into another; only real differences, undefined when there is none. */
export function difference(before: readonly Resource[], after: readonly Resource[]): Difference | undefined {
  const gone = new Map(before.map((resource) => [resource.name as string, resource]));
  const upserts: Resource[] = [];
  let digestChange = EMPTY_DIGEST;
  for (const resource of after) {
    const old = gone.get(resource.name);
    gone.delete(resource.name);
    if (old && (old === resource || hashOf(old) === hashOf(resource))) continue;
    if (old) digestChange = removeFromDigest(digestChange, hashOf(old));
    digestChange = addToDigest(digestChange, hashOf(resource));
    upserts.push(resource);
  }
  for (const resource of gone.values()) digestChange = removeFromDigest(digestChange, hashOf(resource));
  if (upserts.length === 0 && gone.size === 0) return undefined;
  return { upserts: upserts.sort(byName), removed: [...gone.keys()].sort(), digestChange };
}

/** Two differences with the same key are the same. */
export function keyOf({ upserts, removed }: Difference): string {
  return `${upserts.map((resource) => hashOf(resource).toString(36)).join()}|${removed.join()}`;
}
