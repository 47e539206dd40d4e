import { addToDigest, digestOf, type Resource } from '#contracts/node-stream.js';
import type { NetworkChange } from '#planner/plan.js';

interface Held {
  resources: Map<string, Resource>;
  digest: bigint;
}

/** What the nodes of a network hold when all they ever get is changes: sets and digests, folded without any checks. */
export class PlanFollower {
  readonly #held = new Map<string, Held>();

  /** @param planOf the whole set of a node that came with this change */
  apply(change: NetworkChange, planOf: (nodeId: string) => Resource[]): void {
    for (const nodeId of change.removedNodes) this.#held.delete(nodeId);
    for (const { nodeIds, upserts, removed, digestChange } of change.groups)
      for (const nodeId of nodeIds) {
        const held = this.#held.get(nodeId);
        if (!held) throw new Error(`a change came for ${nodeId}, which holds nothing`);
        for (const name of removed) held.resources.delete(name);
        for (const resource of upserts) held.resources.set(resource.name, resource);
        held.digest = addToDigest(held.digest, digestChange);
      }
    for (const nodeId of change.added) {
      const resources = planOf(nodeId);
      this.#held.set(nodeId, {
        resources: new Map(resources.map((resource) => [resource.name, resource])),
        digest: digestOf(resources),
      });
    }
  }

  /** Node id → set sorted by name; sorted by id. */
  get plan(): Map<string, Resource[]> {
    const sorted = [...this.#held].sort(([a], [b]) => (a < b ? -1 : 1));
    return new Map(
      sorted.map(([nodeId, { resources }]) => [
        nodeId,
        [...resources.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
      ]),
    );
  }

  get digests(): Map<string, bigint> {
    return new Map([...this.#held].map(([nodeId, { digest }]) => [nodeId, digest]));
  }
}
