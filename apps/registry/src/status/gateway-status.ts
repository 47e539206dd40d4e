import type { GatewayState, NetworkState } from '#topology/network-state.js';
import { nodeReference } from '../nodes/node-reference.js';
import type { HealthOfGateways } from './gateway-health.js';
import { gatewayNeeds } from './gateway-needs.js';
import type { GatewayStatusDto } from './status.dto.js';

const UNHEARD = { ok: null, detail: null, heardAt: null, handshakeAge: null };

/** Gateways by name: who serves, how their members are as far as it is known, and what is left to do. */
export const gatewayStatuses = (state: NetworkState, health: HealthOfGateways): GatewayStatusDto[] =>
  [...state.gateways.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((gateway) => gatewayStatus(state, gateway, health));

function gatewayStatus(state: NetworkState, gateway: GatewayState, health: HealthOfGateways): GatewayStatusDto {
  const { gatewayId, name, kind, members, active, draining } = gateway;
  const heard = health.get(gatewayId);
  return {
    gatewayId,
    name,
    kind,
    active: active === null ? null : nodeReference(state, active),
    draining: draining.map((nodeId) => nodeReference(state, nodeId)),
    members: members.map((nodeId) => {
      const { ok, detail, heardAt, handshakeAge } = heard?.get(nodeId) ?? UNHEARD;
      return {
        ...nodeReference(state, nodeId),
        enabled: state.nodes.get(nodeId)?.enabled ?? false,
        active: nodeId === active,
        draining: draining.includes(nodeId),
        ...{ ok, detail, heardAt, handshakeAge },
      };
    }),
    needs: gatewayNeeds(state, gateway),
  };
}
