import { Refusal } from '#contracts/errors.js';
import { networkOf } from '#topology/lookup.js';
import type { ClientState, NetworkState } from '#topology/network-state.js';

/** Finds a client by name or id. @throws Refusal not_found */
export function findClient(state: NetworkState, nameOrId: string): ClientState {
  const network = networkOf(state);
  const client = state.clients.find(({ name }) => name === nameOrId) ?? state.clients.get(nameOrId);
  if (!client)
    throw new Refusal(
      'not_found',
      `Network "${network.name}" has no client "${nameOrId}". GET /api/v1/networks/${network.name}/clients lists those there are.`,
    );
  return client;
}
