import type { Decision } from '#contracts/decision.js';
import { Refusal } from '#contracts/errors.js';
import type { NetworkFact } from '#contracts/facts.js';
import type { ChangeGatewayBody, CreateGatewayBody, RemoveGatewayBody } from '#contracts/gateway-commands.js';
import type { GatewayKind, GatewayRecord, ProbeTarget } from '#contracts/gateway-facts.js';
import { canonicalAddress } from '#ipam/address.js';
import { canonicalJson } from '#contracts/canonical.js';
import { factsOf, foldNew, type CommandMeta, type GuardedCommand } from '#topology/command.js';
import { inField, nameErrors, oneOfErrors, refuseInvalid } from '#topology/fields.js';
import { gatewayView } from '#topology/gateway-view.js';
import { gatewayOf, networkOf, refuseStale } from '#topology/lookup.js';
import { networkFold } from '#topology/network-fold.js';
import type { GatewayState, NetworkState } from '#topology/network-state.js';
import { canonicalRanges } from '#topology/range-fields.js';
import { withoutUsers } from '../clients/client.decider.js';
import { fieldErrors, refuseBadGateway, refuseGatewayNameTaken } from './gateway-rules.js';

export type CreateGateway = CommandMeta & CreateGatewayBody;
export type ChangeGateway = GuardedCommand & ChangeGatewayBody;
export type RemoveGateway = GuardedCommand & RemoveGatewayBody;

type Changes = Extract<NetworkFact, { type: 'GatewayChanged' }>['data']['changes'];

export const GATEWAY_KINDS: readonly GatewayKind[] = ['egress', 'ingress', 'internet', 'cluster'];

/**
 * The first member serves at once. The same id and name again make no second fact. Answer: GatewayView.
 * @throws Refusal `not_found`, `invalid`, `id_taken`, `name_taken`, `cidr_invalid`, `gateway_member_unknown`,
 *   `node_disabled`, `range_in_mesh`, `endpoint_in_range`, `cidr_overlap`, `already_member`, `internet_loop`
 */
export function decideCreateGateway(command: CreateGateway, state: NetworkState): Decision {
  networkOf(state);
  const { gatewayId, name, kind, members } = command;
  refuseInvalid([...nameErrors(name), ...oneOfErrors('kind', kind ?? null, GATEWAY_KINDS)]);
  const earlier = state.gateways.get(gatewayId);
  if (earlier?.name === name && earlier.kind === kind) return { facts: [], answer: gatewayView(earlier) };
  if (earlier)
    throw new Refusal('id_taken', `the id ${gatewayId} is taken by gateway "${earlier.name}"; make a new one`);
  refuseGatewayNameTaken(state, name);
  const record: GatewayRecord = {
    gatewayId,
    name,
    kind,
    ranges: canonicalRanges('ranges', command.ranges ?? []),
    masquerade: command.masquerade ?? (kind === 'egress' || kind === 'internet'),
    members,
    probe: canonicalProbe(command.probe ?? null),
    clusterId: command.clusterId ?? null,
    users: canonicalUsers(command.users),
  };
  refuseInvalid(fieldErrors(record));
  refuseBadGateway(state, record);
  return decided(command, state, [
    { type: 'GatewayCreated', data: record },
    { type: 'GatewayActivated', data: { gatewayId, active: members[0]!, reason: 'created' } },
  ]);
}

/**
 * When the member that serves goes, the first that can and does not drain takes over at once. Answer: GatewayView.
 * @throws Refusal those of `decideCreateGateway` without names and ids, and `version_mismatch`
 */
export function decideChangeGateway(command: ChangeGateway, state: NetworkState): Decision {
  const { gatewayId } = command;
  const gateway = gatewayOf(state, gatewayId);
  refuseStale(command, gateway);
  const changes = changedFields(command, gateway);
  if (Object.keys(changes).length === 0) return { facts: [], answer: gatewayView(gateway) };
  const next = { ...gateway, ...changes };
  refuseInvalid(fieldErrors(next));
  refuseBadGateway(state, next, gateway.members);
  const goes = gateway.active === null || !next.members.includes(gateway.active);
  const able = next.members.filter((id) => state.nodes.get(id)?.enabled);
  const active = able.find((id) => !gateway.draining.includes(id)) ?? able[0] ?? null;
  const moves = goes && active !== gateway.active;
  return decided(command, state, [
    { type: 'GatewayChanged', data: { gatewayId, changes } },
    ...(moves ? [{ type: 'GatewayActivated', data: { gatewayId, active, reason: 'member removed' } } as const] : []),
  ]);
}

/** Answer: `{gatewayId}`. @throws Refusal `not_found`, `version_mismatch`, `in_use` while clients are behind it */
export function decideRemoveGateway(command: RemoveGateway, state: NetworkState): Decision {
  const { gatewayId, force } = command;
  const gateway = gatewayOf(state, gatewayId);
  refuseStale(command, gateway);
  const clients = [...state.clients.values()].filter((client) => client.gatewayId === gatewayId);
  const ids = clients.map(({ clientId }) => clientId).sort();
  if (ids.length > 0 && !force)
    throw new Refusal(
      'in_use',
      `gateway "${gateway.name}" has ${ids.length} client(s), "${clients.map(({ name }) => name).sort()[0]}" among them; revoke them first, or force the removal`,
    );
  const facts = factsOf(
    command,
    ...withoutUsers(state, ids),
    ...ids.map((clientId): NetworkFact => ({ type: 'ClientRevoked', data: { clientId } })),
    { type: 'GatewayRemoved', data: { gatewayId } },
  );
  return { facts, answer: { gatewayId } };
}

function decided(command: CommandMeta & { gatewayId: string }, state: NetworkState, facts: NetworkFact[]): Decision {
  const made = factsOf(command, ...facts);
  return { facts: made, answer: gatewayView(gatewayOf(foldNew(networkFold, state, made), command.gatewayId)) };
}

function changedFields(command: ChangeGateway, now: GatewayState): Changes {
  const { ranges, masquerade, members, probe, users } = command;
  const wished: Changes = {
    ...(ranges && { ranges: canonicalRanges('ranges', ranges) }),
    ...(masquerade !== undefined && { masquerade }),
    ...(members && { members }),
    ...(probe !== undefined && { probe: canonicalProbe(probe) }),
    ...(users && { users: canonicalUsers(users) }),
  };
  const differs = ([field, value]: [string, unknown]) =>
    canonicalJson(value) !== canonicalJson(now[field as keyof Changes]);
  return Object.fromEntries(Object.entries(wished).filter(differs));
}

const canonicalProbe = (probe: ProbeTarget | null): ProbeTarget | null =>
  probe && {
    address: inField('probe.address', () => canonicalAddress(probe.address)),
    port: probe.port ?? null,
  };

const canonicalUsers = ({ nodes = [], clients = [] }: CreateGateway['users'] = {}): GatewayRecord['users'] => ({
  nodes: [...new Set(nodes)].sort(),
  clients: [...new Set(clients)].sort(),
});
