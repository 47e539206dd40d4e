import type { NetworkState, RelayState } from './network-state.js';

/** What the API shows of a relay; `version` is the resource's ETag. */
export interface RelayView extends Omit<RelayState, 'nodes'> {
  /** Ids of the nodes behind it, sorted. */
  nodes: string[];
}

/** Through whom a node is reached. */
export interface AssignmentView {
  nodeId: string;
  /** null: none, or none needed. */
  relayId: string | null;
  /** What an operator wishes; null: any. */
  pinned: string | null;
}

export const relayView = ({ nodes, ...relay }: RelayState): RelayView => ({ ...relay, nodes: nodes.toArray().sort() });

export function assignmentView({ assignments, relayPins }: NetworkState, nodeId: string): AssignmentView {
  const relayId = assignments.get(nodeId)?.relayId ?? null;
  return { nodeId, relayId, pinned: relayPins.get(nodeId) ?? null };
}
