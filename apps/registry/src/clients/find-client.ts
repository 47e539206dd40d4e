import type { ClientState, NetworkState } from '#topology/network-state.js';
import { findNamed } from '../networks/find-named.js';

/** Finds a client by name or id. @throws Refusal not_found */
export const findClient = (state: NetworkState, nameOrId: string): ClientState =>
  findNamed(state, 'clients', state.clients, nameOrId);
