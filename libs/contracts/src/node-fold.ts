import {
  addToDigest,
  type DeltaBody,
  digestOf,
  formatDigest,
  type NodeMessage,
  removeFromDigest,
  type Resource,
  resourceHash,
} from './node-stream.js';
import type { ResyncReport } from './reports.js';

/** The whole desired state of a node at one revision. */
export interface NodeSet {
  epoch: number;
  revision: number;
  logVersion: number;
  digest: bigint;
  /** By name. */
  resources: ReadonlyMap<string, Resource>;
}

export type Folded =
  | { outcome: 'folded'; set: NodeSet }
  /** Older than what is held, or the same: to be ignored. */
  | { outcome: 'stale' }
  /** Does not lead on from what is held; what is held stays good. */
  | { outcome: 'resync'; reason: ResyncReport['reason'] };

/**
 * Folds one message into what is held. A full replaces it, if newer. A delta leads on from the revision before it; the
 * first of a new epoch may carry any revision. Either is taken only if the digest of the outcome is the one it names, so
 * a removal that was missed can never go unnoticed.
 */
export function foldMessage(held: NodeSet | undefined, { head, body }: NodeMessage): Folded {
  if (held && (head.epoch < held.epoch || (head.epoch === held.epoch && head.revision <= held.revision)))
    return { outcome: 'stale' };
  const { epoch, revision, logVersion } = head;
  if ('resources' in body) {
    const resources = new Map(body.resources.map((resource) => [resource.name, resource]));
    const digest = digestOf(resources.values());
    if (formatDigest(digest) !== head.digest) return { outcome: 'resync', reason: 'digest_mismatch' };
    return { outcome: 'folded', set: { epoch, revision, logVersion, digest, resources } };
  }
  if (!held) return { outcome: 'resync', reason: 'no_state' };
  const gap = revision > held.revision + 1;
  if (gap && epoch === held.epoch) return { outcome: 'resync', reason: 'gap' };
  const { digest, resources } = applyDelta(held, body);
  if (formatDigest(digest) !== head.digest) return { outcome: 'resync', reason: gap ? 'gap' : 'digest_mismatch' };
  return { outcome: 'folded', set: { epoch, revision, logVersion, digest, resources } };
}

/**
 * Whether something that was there is another now, and not only something more or less. What a delta leaves alone stays the
 * same object; after a full, everything counts as another.
 */
export function changesInPlace(before: NodeSet, after: NodeSet): boolean {
  for (const [name, resource] of before.resources) {
    const now = after.resources.get(name);
    if (now !== undefined && now !== resource) return true;
  }
  return false;
}

function applyDelta(held: NodeSet, delta: DeltaBody): Pick<NodeSet, 'digest' | 'resources'> {
  const resources = new Map(held.resources);
  let { digest } = held;
  const drop = (name: string) => {
    const old = resources.get(name);
    if (!old) return;
    digest = removeFromDigest(digest, resourceHash(old));
    resources.delete(name);
  };
  delta.removed.forEach(drop);
  for (const resource of delta.upserts) {
    drop(resource.name);
    digest = addToDigest(digest, resourceHash(resource));
    resources.set(resource.name, resource);
  }
  return { digest, resources };
}
