import type { Resource } from '#contracts/node-stream.js';

interface Awaited {
  by: Set<number>;
  wanted: number;
  resolve(): void;
}

/** Notes which agents hold a peer that is expected. */
export class Arrivals {
  readonly #awaited = new Map<string, Awaited>();

  /** Resolves with the time (`performance.now()`) at which so many agents hold the peer of that name. */
  of(peer: string, wanted: number): Promise<number> {
    if (wanted === 0) return Promise.resolve(performance.now());
    return new Promise((resolve) => {
      this.#awaited.set(peer, { by: new Set(), wanted, resolve: () => resolve(performance.now()) });
    });
  }

  /** How many agents hold each awaited peer: for the message of a timeout. */
  get missing(): string {
    return [...this.#awaited].map(([peer, { by, wanted }]) => `${peer}: ${by.size} of ${wanted}`).join(', ');
  }

  note(agent: number, resource: Resource): void {
    if (!('publicKey' in resource)) return;
    const awaited = this.#awaited.get(resource.node);
    if (!awaited) return;
    awaited.by.add(agent);
    if (awaited.by.size < awaited.wanted) return;
    this.#awaited.delete(resource.node);
    awaited.resolve();
  }
}
