import type { MessageHead } from '#contracts/node-stream.js';

/** Where a network publisher writes; libs/messaging implements it on JetStream. */
export interface NodeStream {
  /**
   * Seals a body for a node, tells the node, and stores it under the node's subject for this head: a node may hold what is
   * not stored yet.
   * Resolves when the broker has it; keeps trying while the broker is away. Rejects as `Unavailable` when it is not current any more.
   */
  publish(message: {
    nodeId: string;
    controlKey: string;
    head: MessageHead;
    body: Uint8Array;
    /**
     * Asked whenever it goes out: a message that had to wait may be its successor's business by then. While nobody
     * knows, it waits for the answer.
     */
    isCurrent(): boolean | Promise<boolean>;
  }): Promise<void>;
  /** Resolves when everything published so far is on its way to the nodes. */
  told(): Promise<void>;
  /** Removes whatever the stream holds of a node that is gone. */
  removeNode(nodeId: string): Promise<void>;
}
