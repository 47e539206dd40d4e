import type { Decision } from '#contracts/decision.js';
import { Refusal } from '#contracts/errors.js';
import type { DrainGatewayBody } from '#contracts/gateway-commands.js';
import type { AnyFact } from '#contracts/facts.js';
import { factsOf, foldNew, type CommandMeta, type GuardedCommand } from '#topology/command.js';
import { gatewayView } from '#topology/gateway-view.js';
import { gatewayOf, refuseStale } from '#topology/lookup.js';
import { networkFold } from '#topology/network-fold.js';
import type { GatewayState, NetworkState } from '#topology/network-state.js';
import { chooseActive, type Election } from './choose-active.js';
import type { MemberHealth } from './member-health.js';

export type DrainGateway = GuardedCommand & DrainGatewayBody;

export interface ElectActive extends CommandMeta {
  gatewayId: string;
  /** By node id; what the replica that asks has seen. */
  health: ReadonlyMap<string, MemberHealth>;
}

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
  return decided(command, state, { type: 'GatewayDraining', data: { gatewayId, nodeId, draining } });
}

/** Who shall serve, by `chooseActive` at the command's time; no fact while that is who does. Answer: GatewayView. @throws Refusal `not_found` */
export function decideElectActive(command: ElectActive, state: NetworkState): Decision {
  const { gatewayId, health, at } = command;
  const gateway = gatewayOf(state, gatewayId);
  const choice = chooseActive(electionOf(state, gateway), health, at);
  if (!choice) return { facts: [], answer: gatewayView(gateway) };
  return decided(command, state, { type: 'GatewayActivated', data: { gatewayId, ...choice } });
}

/** What the facts say about a gateway's members. */
export function electionOf({ nodes }: NetworkState, { active, members, draining }: GatewayState): Election {
  return { active, members, draining, absent: members.filter((id) => !nodes.get(id)?.enabled) };
}

function decided(command: CommandMeta & { gatewayId: string }, state: NetworkState, fact: AnyFact): Decision {
  const facts = factsOf(command, fact);
  return { facts, answer: gatewayView(gatewayOf(foldNew(networkFold, state, facts), command.gatewayId)) };
}
