import { randomUUID } from 'node:crypto';
import type { NetworkFact, NewFact } from '#contracts/facts.js';
import type { EventStore } from '#event-store/core/event-store.js';
import { foldNew } from '#topology/command.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { decideChangeNode } from '../../../apps/registry/src/nodes/change-node.decider.js';

/** Facts of one append, and from one snapshot to the next: as the services do it. */
const BATCH = 2_000;
const FIRST_PORT = 10_000;
const PORTS = 50_000;

/**
 * Lets the nodes of a network move from port to port until its log has so many facts, by the registry's own decider. The last
 * batch has no snapshot yet, so a start has the most to fold.
 */
export async function lengthen(store: EventStore, state: NetworkState, facts: number): Promise<NetworkState> {
  const stream = state.network!.networkId;
  const nodes = [...state.nodes.keys()];
  let now = state;
  while (now.version < facts) {
    const before = now.version;
    const batch: NewFact[] = [];
    for (let n = before; n < Math.min(before + BATCH, facts); n++) {
      const nodeId = nodes[n % nodes.length]!;
      const port = FIRST_PORT + (Math.floor(n / nodes.length) % PORTS);
      const made = movePort(now, nodeId, port);
      now = foldNew(networkFold, now, made);
      batch.push(...made);
    }
    await store.append([{ stream, expectedVersion: before, facts: batch }], []);
    if (now.version < facts)
      await store.saveSnapshot({
        stream,
        version: now.version,
        schema: networkFold.schema,
        state: networkFold.toJson(now),
      });
  }
  return now;
}

function movePort(state: NetworkState, nodeId: string, port: number): NewFact<NetworkFact>[] {
  const meta = { commandId: randomUUID(), actor: 'token/admin', at: new Date().toISOString() };
  const endpoints = [{ address: '203.0.113.7', port, kind: 'public' as const }];
  const { facts } = decideChangeNode({ ...meta, nodeId, endpoints }, state);
  return facts as NewFact<NetworkFact>[];
}
