import { Refusal } from '#contracts/errors.js';
import type { GuardedCommand } from './command.js';
import type { KeyState, NetworkInfo, NetworkState, NodeState } from './network-state.js';

/** @throws Refusal `not_found` before the network was created and after it was deleted */
export function networkOf({ network }: NetworkState): NetworkInfo {
  if (!network) throw new Refusal('not_found', 'there is no such network');
  return network;
}

/** @throws Refusal `not_found` */
export function nodeOf(state: NetworkState, nodeId: string): NodeState {
  const { name } = networkOf(state);
  const node = state.nodes.get(nodeId);
  if (!node) throw new Refusal('not_found', `network ${JSON.stringify(name)} has no node with id ${nodeId}`);
  return node;
}

/** @throws Refusal `not_found` */
export function keyOf(state: NetworkState, keyId: string): KeyState {
  const { name } = networkOf(state);
  const key = state.keys.get(keyId);
  if (!key) throw new Refusal('not_found', `network ${JSON.stringify(name)} has no enrolment key with id ${keyId}`);
  return key;
}

/** @throws Refusal `version_mismatch` when the command was bound to another version of the resource */
export function refuseStale({ expectedVersion }: GuardedCommand, resource: { version: number }): void {
  if (expectedVersion !== undefined && expectedVersion !== resource.version)
    throw new Refusal(
      'version_mismatch',
      `it is at version ${resource.version} now, not at ${expectedVersion}; read it again and repeat the change`,
    );
}
