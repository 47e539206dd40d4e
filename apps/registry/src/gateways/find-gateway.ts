import { Refusal } from '#contracts/errors.js';
import { networkOf } from '#topology/lookup.js';
import type { GatewayState, NetworkState } from '#topology/network-state.js';

/** Finds a gateway by name or id. @throws Refusal not_found */
export function findGateway(state: NetworkState, nameOrId: string): GatewayState {
  const network = networkOf(state);
  const gateway = state.gateways.find(({ name }) => name === nameOrId) ?? state.gateways.get(nameOrId);
  if (!gateway)
    throw new Refusal(
      'not_found',
      `Network "${network.name}" has no gateway "${nameOrId}". GET /api/v1/networks/${network.name}/gateways lists those there are.`,
    );
  return gateway;
}
