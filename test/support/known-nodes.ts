import type { KnownNodes } from '#messaging/reports.js';

/** Nodes by id, each with its control key (X25519, base64). */
export class TestNodes implements KnownNodes {
  readonly #keys = new Map<string, string>();
  readonly #listeners = new Set<() => void>();

  constructor(...nodes: { nodeId: string; controlKey: string }[]) {
    this.add(...nodes);
  }

  add(...nodes: { nodeId: string; controlKey: string }[]): void {
    for (const { nodeId, controlKey } of nodes) this.#keys.set(nodeId, controlKey);
    for (const listener of this.#listeners) listener();
  }

  controlKeyOf(nodeId: string): string | undefined {
    return this.#keys.get(nodeId);
  }

  onAdded(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
