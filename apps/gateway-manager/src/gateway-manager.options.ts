import type { NetworkFollower } from '#service/network-follower.js';

/** Everything the gateway-manager needs from outside; made by `main.ts` or by the standalone process. */
export interface GatewayManagerOptions {
  /** Unique among the replicas that run. */
  replica: string;
  /** Started by whoever made it. */
  networks: NetworkFollower;
  /** Answers requests for one command; any one replica gets each. Returns a function that ends it. */
  serveCommand(command: string, handle: (request: unknown) => Promise<unknown>): () => Promise<void>;
}

export const GATEWAY_MANAGER_OPTIONS = Symbol('gateway-manager options');
