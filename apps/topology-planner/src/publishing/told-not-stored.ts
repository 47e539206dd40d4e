import { setImmediate } from 'node:timers/promises';
import type { NetworkFact, RecordedFact } from '#contracts/facts.js';
import { planChange } from '#planner/plan-change.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';

/** The network as it was at a version, and the facts since. */
export interface History {
  stateAt(version: number): Promise<NetworkState>;
  factsAfter(version: number): Promise<RecordedFact<NetworkFact>[]>;
}

export interface Takeover {
  /** Log version of the newest message that the stream holds, for every node that has one. */
  storedAt: ReadonlyMap<string, number>;
  /** Nodes whose newest stored message already says what the target says. */
  level: readonly string[];
  target: NetworkState;
  history: History;
}

/** Above so many facts, telling all nodes what is right costs less than finding out whom they concerned. */
const WORTH_LOOKING = 256;

/**
 * Nodes that look level, but may hold a change that the stream does not show and that was undone since: agents are told
 * before the broker has stored it, and a broker that lost power loses what it stored last. Stored in order, and one
 * batch before the next is told, so only facts after the last but one stored batch can be such.
 */
export async function toldNotStored({ storedAt, level, target, history }: Takeover): Promise<readonly string[]> {
  const [newest = 0, before = newest] = [...new Set(storedAt.values())].sort((a, b) => b - a);
  const sureOf = (nodeId: string) => Math.max(storedAt.get(nodeId) ?? 0, before);
  const unsure = level.filter((nodeId) => sureOf(nodeId) < target.version);
  if (unsure.length === 0) return [];
  const since = unsure.reduce((least, nodeId) => Math.min(least, sureOf(nodeId)), target.version);
  const facts = (await history.factsAfter(since)).filter(({ version }) => version <= target.version);
  if (facts.length > WORTH_LOOKING) return unsure;
  const lastTold = new Map<string, number>();
  let state = await history.stateAt(since);
  for (const fact of facts) {
    // Some of these take long: leases are renewed in between, or the next publisher would begin with the same.
    await setImmediate();
    const next = networkFold.evolve(state, fact);
    for (const { nodeIds } of planChange(state, next, [fact]).groups)
      for (const nodeId of nodeIds) lastTold.set(nodeId, fact.version);
    state = next;
  }
  return unsure.filter((nodeId) => (lastTold.get(nodeId) ?? 0) > sureOf(nodeId));
}
