import { Refusal } from '#contracts/errors.js';
import type { GuardedCommand } from './command.js';
import type {
  ClientState,
  ClusterState,
  GatewayState,
  KeyState,
  LinkState,
  NetworkInfo,
  NetworkState,
  NodeState,
  PublicationState,
} from './network-state.js';

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

/** @throws Refusal `not_found` */
export const clusterOf = (state: NetworkState, id: string): ClusterState =>
  found(state, state.clusters.get(id), `cluster with id ${id}`);

/** @throws Refusal `not_found` */
export const gatewayOf = (state: NetworkState, id: string): GatewayState =>
  found(state, state.gateways.get(id), `gateway with id ${id}`);

/** @throws Refusal `not_found` */
export const linkOf = (state: NetworkState, id: string): LinkState =>
  found(state, state.links.get(id), `link with id ${id}`);

/** @throws Refusal `not_found` */
export const publicationOf = (state: NetworkState, id: string): PublicationState =>
  found(state, state.publications.get(id), `publication with id ${id}`);

/** @throws Refusal `not_found` */
export const clientOf = (state: NetworkState, id: string): ClientState =>
  found(state, state.clients.get(id), `client with id ${id}`);

function found<Thing>(state: NetworkState, thing: Thing | undefined, what: string): Thing {
  const { name } = networkOf(state);
  if (!thing) throw new Refusal('not_found', `network ${JSON.stringify(name)} has no ${what}`);
  return thing;
}

/** @throws Refusal `version_mismatch` when the command was bound to another version of the resource */
export function refuseStale({ expectedVersion }: GuardedCommand, resource: { version: number }): void {
  if (expectedVersion !== undefined && expectedVersion !== resource.version)
    throw new Refusal(
      'version_mismatch',
      `it is at version ${resource.version} now, not at ${expectedVersion}; read it again and repeat the change`,
    );
}
