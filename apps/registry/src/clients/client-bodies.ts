import type { CreateClientBody } from '#contracts/gateway-commands.js';
import { inField } from '#topology/fields.js';
import type { NetworkState } from '#topology/network-state.js';
import { findGateway } from '../gateways/find-gateway.js';
import type { CreateClientBody as CreateClientRequest } from './client.dto.js';

/** @throws Refusal `not_found` naming its field */
export const createClientBody = (
  state: NetworkState,
  clientId: string,
  { gateway, ...rest }: CreateClientRequest,
): CreateClientBody => ({
  ...rest,
  clientId,
  gatewayId: inField('gateway', () => findGateway(state, gateway)).gatewayId,
});
