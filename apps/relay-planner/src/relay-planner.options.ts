import type { NetworkFollower } from '#service/network-follower.js';

/** Everything the relay-planner needs from outside; made by `main.ts` or by the standalone process. */
export interface RelayPlannerOptions {
  /** Unique among the replicas that run. */
  replica: string;
  /** Started by whoever made it. */
  networks: NetworkFollower;
  /** Answers requests for one command; any one replica gets each. Returns a function that ends it. */
  serveCommand(command: string, handle: (request: unknown) => Promise<unknown>): () => Promise<void>;
}

export const RELAY_PLANNER_OPTIONS = Symbol('relay-planner options');
