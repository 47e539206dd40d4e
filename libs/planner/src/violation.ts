import type { NetworkState, NodeState } from '#topology/network-state.js';
import { memberOf } from './members.js';

export type ViolationCode =
  | 'duplicate_name'
  | 'missing_interface'
  | 'unknown_node'
  | 'disabled_node'
  | 'self_peer'
  | 'forbidden_peer'
  | 'missing_peer'
  | 'one_sided_peer'
  | 'wrong_key'
  | 'wrong_relay'
  | 'foreign_prefix'
  | 'prefix_conflict'
  | 'endpoint_in_mesh'
  | 'endpoint_in_range';

/** An invariant of the plan that does not hold. */
export interface Violation {
  code: ViolationCode;
  /** Whose set it is in. */
  nodeId: string;
  /** Names both parties. */
  message: string;
}

/** A node as messages name it. */
export const label = ({ name, nodeId }: NodeState): string => `${name} (${nodeId})`;

export function labelOf(state: NetworkState, nodeId: string): string {
  const node = memberOf(state, nodeId);
  return node ? label(node) : `${nodeId}, which is no node of the network`;
}
