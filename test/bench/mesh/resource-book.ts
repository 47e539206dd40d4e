import { type Resource, resourceHash } from '#contracts/node-stream.js';

/** One body of one resource; the same text is the same object for every agent. */
export interface KnownResource {
  id: number;
  resource: Resource;
  hash: bigint;
  isPeer: boolean;
  /** All bodies of this name that were ever seen. */
  sameName: KnownResource[];
}

/**
 * Every distinct body that any simulated agent was ever told. Hashing is what an agent pays once per message; ten thousand
 * agents in one process share it, because their bodies are the same.
 */
export class ResourceBook {
  readonly #byObject = new WeakMap<Resource, KnownResource>();
  readonly #byText = new Map<string, KnownResource>();
  readonly #byName = new Map<string, KnownResource[]>();

  learn(resource: Resource): KnownResource {
    let known = this.#byObject.get(resource);
    if (!known) this.#byObject.set(resource, (known = this.#learnText(resource)));
    return known;
  }

  #learnText(resource: Resource): KnownResource {
    const text = JSON.stringify(resource);
    const known = this.#byText.get(text);
    if (known) return known;
    const sameName = this.named(resource.name);
    const fresh = {
      id: this.#byText.size,
      resource,
      hash: resourceHash(resource),
      isPeer: 'publicKey' in resource,
      sameName,
    };
    this.#byText.set(text, fresh);
    sameName.push(fresh);
    return fresh;
  }

  /** All bodies of a name, newest last. */
  named(name: string): KnownResource[] {
    let all = this.#byName.get(name);
    if (!all) this.#byName.set(name, (all = []));
    return all;
  }
}
