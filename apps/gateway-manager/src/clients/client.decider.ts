import type { Decision } from '#contracts/decision.js';
import { Refusal, type FieldError } from '#contracts/errors.js';
import type { NetworkFact } from '#contracts/facts.js';
import type { CreateClientBody, RevokeClientBody } from '#contracts/gateway-commands.js';
import type { ClientRecord } from '#contracts/gateway-facts.js';
import { allocate } from '#ipam/pool.js';
import { canonicalPrefix } from '#ipam/prefix.js';
import { factsOf, foldNew, type CommandMeta, type GuardedCommand } from '#topology/command.js';
import { inField, nameErrors, refuseInvalid } from '#topology/fields.js';
import { clientView } from '#topology/gateway-view.js';
import { clientOf, gatewayOf, networkOf, refuseStale } from '#topology/lookup.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { publicKeyErrors } from '#topology/public-keys.js';
import { MAX_RANGES } from '#topology/range-fields.js';

export type CreateClient = CommandMeta & CreateClientBody;
export type RevokeClient = GuardedCommand & RevokeClientBody;

/**
 * Admits a client, one address per family. The same id, name and key again make no second fact. Answer: ClientView.
 * @throws Refusal `not_found`, `invalid`, `cidr_invalid`, `id_taken`, `name_taken`, `public_key_taken`, `range_exhausted`
 */
export function decideCreateClient(command: CreateClient, state: NetworkState): Decision {
  const { clientId, name, publicKey, gatewayId } = command;
  const { cidr, cidr6 } = networkOf(state);
  refuseInvalid([...nameErrors(name), ...publicKeyErrors('publicKey', publicKey), ...allowedErrors(command)]);
  const earlier = state.clients.get(clientId);
  if (earlier?.name === name && earlier.publicKey === publicKey) return { facts: [], answer: clientView(earlier) };
  if (earlier) throw new Refusal('id_taken', `the id ${clientId} is taken by client "${earlier.name}"; make a new one`);
  const gateway = gatewayOf(state, gatewayId);
  if (gateway.kind !== 'ingress')
    throw new Refusal(
      'invalid',
      `gateway "${gateway.name}" is of kind ${gateway.kind}; clients need one of kind ingress`,
    );
  refuseTaken(command, state);

  const mesh = [cidr, cidr6].filter((range) => range !== null);
  const record: ClientRecord = {
    clientId,
    name,
    publicKey,
    addresses: [state.pool4, state.pool6].flatMap((pool) => (pool ? [allocate(pool, command.at)] : [])),
    gatewayId,
    allowed: [...new Set((command.allowed ?? mesh).map(allowedRange))].sort(),
  };
  const facts = factsOf(command, { type: 'ClientCreated', data: record });
  return { facts, answer: clientView(clientOf(foldNew(networkFold, state, facts), clientId)) };
}

/**
 * Its name and key are free at once, its addresses after a day; no internet gateway names it any more. Answer: `{clientId}`.
 * @throws Refusal `not_found`, `version_mismatch`
 */
export function decideRevokeClient(command: RevokeClient, state: NetworkState): Decision {
  const { clientId } = command;
  refuseStale(command, clientOf(state, clientId));
  const revoked: NetworkFact = { type: 'ClientRevoked', data: { clientId } };
  return { facts: factsOf(command, ...withoutUsers(state, [clientId]), revoked), answer: { clientId } };
}

/** Takes clients out of the users of internet gateways. */
export function withoutUsers({ gateways }: NetworkState, clientIds: readonly string[]): NetworkFact[] {
  return [...gateways.values()]
    .filter(({ users }) => users.clients.some((id) => clientIds.includes(id)))
    .sort((a, b) => (a.gatewayId < b.gatewayId ? -1 : 1))
    .map(({ gatewayId, users }) => {
      const clients = users.clients.filter((id) => !clientIds.includes(id));
      return { type: 'GatewayChanged', data: { gatewayId, changes: { users: { ...users, clients } } } };
    });
}

const allowedRange = (range: string, index: number) => inField(`allowed[${index}]`, () => canonicalPrefix(range));

function allowedErrors({ allowed }: CreateClient): FieldError[] {
  if (allowed === undefined || (allowed.length > 0 && allowed.length <= MAX_RANGES)) return [];
  return [{ field: 'allowed', message: `must be 1 to ${MAX_RANGES} ranges` }];
}

/** Nodes and clients share the names and the keys of a network. */
function refuseTaken({ name, publicKey }: CreateClient, state: NetworkState): void {
  const node = state.nodes.get(state.nodeIdByName.get(name) ?? '');
  const owner = node ? `node ${node.nodeId}` : state.clients.find((client) => client.name === name)?.clientId;
  if (owner !== undefined)
    throw new Refusal(
      'name_taken',
      `the name "${name}" is taken by ${node ? owner : `client ${owner}`}; choose another`,
    );
  const keyNode = state.nodes.get(state.nodeIdByPublicKey.get(publicKey) ?? '');
  const keyClient = state.clients.find((client) => client.publicKey === publicKey);
  const who = keyNode ? `node "${keyNode.name}"` : keyClient && `client "${keyClient.name}"`;
  if (who)
    throw new Refusal('public_key_taken', `publicKey is in use by ${who}; make a new key pair`, [
      { field: 'publicKey', message: `is in use by ${who}` },
    ]);
}
