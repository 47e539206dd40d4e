import type { GatewayState, NetworkState } from '#topology/network-state.js';
import { findNamed } from '../networks/find-named.js';

/** Finds a gateway by name or id. @throws Refusal not_found */
export const findGateway = (state: NetworkState, nameOrId: string): GatewayState =>
  findNamed(state, 'gateways', state.gateways, nameOrId);
