import type { EnrolledNode } from './mesh-node.js';

export interface AgentsState {
  /** Whether every agent has taken all that the stream is known to hold. */
  isLevel: boolean;
  /** Agents that took a change and have not reported it yet. */
  reportsToCome: number;
  /** Peers of the agents that hold fewest and most; Infinity and 0 where there is none. */
  fewestPeers: number;
  mostPeers: number;
  /** Which expected peers how many agents hold: for the message of a timeout. */
  missing: string;
}

/** What a mesh asks of its agents, whichever threads they run in. */
export interface Agents {
  readonly size: number;
  /** Lets a node follow. */
  add(node: EnrolledNode): void;
  /** Resolves when they look out for a peer; `held` with the time (`performance.now()` of the caller's thread) at which all agents that were there had it. */
  expect(peer: string): Promise<{ held: Promise<number> }>;
  state(): Promise<AgentsState>;
  /** Clears away what lies about in their threads, where Node shows how (`--expose-gc`). */
  collect(): Promise<void>;
  close(): Promise<void>;
}
