import type { Decision } from '#contracts/decision.js';
import { Refusal } from '#contracts/errors.js';
import type { DrainGatewayBody } from '#contracts/gateway-commands.js';
import { factsOf, foldNew, type GuardedCommand } from '#topology/command.js';
import { gatewayView } from '#topology/gateway-view.js';
import { gatewayOf, refuseStale } from '#topology/lookup.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';

export type DrainGateway = GuardedCommand & DrainGatewayBody;

/**
 * The choice of who serves instead is the election's, which moves at once when another is good. Answer: GatewayView.
 * @throws Refusal `not_found`, `version_mismatch`, `gateway_member_unknown`
 */
export function decideDrainGateway(command: DrainGateway, state: NetworkState): Decision {
  const { gatewayId, nodeId, draining = true } = command;
  const gateway = gatewayOf(state, gatewayId);
  refuseStale(command, gateway);
  if (!gateway.members.includes(nodeId))
    throw new Refusal(
      'gateway_member_unknown',
      `node ${nodeId} is no member of gateway "${gateway.name}"; name one that is`,
    );
  if (gateway.draining.includes(nodeId) === draining) return { facts: [], answer: gatewayView(gateway) };
  const facts = factsOf(command, { type: 'GatewayDraining', data: { gatewayId, nodeId, draining } });
  return { facts, answer: gatewayView(gatewayOf(foldNew(networkFold, state, facts), gatewayId)) };
}
