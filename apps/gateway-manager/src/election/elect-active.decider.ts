import type { Decision } from '#contracts/decision.js';
import type { NetworkFact } from '#contracts/facts.js';
import { factsOf, foldNew, type CommandMeta } from '#topology/command.js';
import { gatewayView } from '#topology/gateway-view.js';
import { gatewayOf } from '#topology/lookup.js';
import { networkFold } from '#topology/network-fold.js';
import type { GatewayState, NetworkState } from '#topology/network-state.js';
import { chooseActive, type Election, type Moment } from './choose-active.js';
import type { MemberHealth } from './member-health.js';

export interface ElectActive extends CommandMeta, Moment {
  gatewayId: string;
  /** By node id; what the replica that asks has seen. */
  health: ReadonlyMap<string, MemberHealth>;
}

/**
 * Who shall serve, by `chooseActive`, and a gateway that names no node that is gone; no fact while both is so. Answer:
 * GatewayView. @throws Refusal `not_found`
 */
export function decideElectActive(command: ElectActive, state: NetworkState): Decision {
  const gateway = gatewayOf(state, command.gatewayId);
  const facts = factsOf(command, ...electionFacts(state, gateway, command));
  return { facts, answer: gatewayView(gatewayOf(foldNew(networkFold, state, facts), command.gatewayId)) };
}

/** The facts that `decideElectActive` would make. */
export function electionFacts(
  state: NetworkState,
  gateway: GatewayState,
  { health, ...moment }: Moment & Pick<ElectActive, 'health'>,
): NetworkFact[] {
  const { gatewayId } = gateway;
  const choice = chooseActive(electionOf(state, gateway), health, moment);
  const changes = withoutGone(state, gateway);
  return [
    // The choice first: in no version of the log has the gateway lost its active member and has no other.
    ...(choice ? [{ type: 'GatewayActivated', data: { gatewayId, ...choice } } as const] : []),
    ...(Object.keys(changes).length > 0 ? [{ type: 'GatewayChanged', data: { gatewayId, changes } } as const] : []),
  ];
}

/** What the facts say about a gateway's members. */
export function electionOf({ nodes }: NetworkState, gateway: GatewayState): Election {
  const { active, draining } = gateway;
  const members = gateway.members.filter((id) => nodes.has(id));
  return { active, members, draining, absent: members.filter((id) => !nodes.get(id)?.enabled) };
}

/** A node that was removed never comes back under its id. */
function withoutGone({ nodes }: NetworkState, { members, users }: GatewayState) {
  const here = (ids: readonly string[]) => ids.filter((id) => nodes.has(id));
  return {
    ...(here(members).length < members.length && { members: here(members) }),
    ...(here(users.nodes).length < users.nodes.length && { users: { ...users, nodes: here(users.nodes) } }),
  };
}
