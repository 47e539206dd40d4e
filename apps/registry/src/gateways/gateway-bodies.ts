import { isRefusal, Refusal } from '#contracts/errors.js';
import type { ChangeGatewayBody, CreateGatewayBody, DrainGatewayBody } from '#contracts/gateway-commands.js';
import { inField } from '#topology/fields.js';
import type { NetworkState } from '#topology/network-state.js';
import { findClient } from '../clients/find-client.js';
import { findCluster } from '../clusters/find-cluster.js';
import { findNode } from '../nodes/find-node.js';
import { findGateway } from './find-gateway.js';
import type {
  ChangeGatewayBody as ChangeGatewayRequest,
  CreateGatewayBody as CreateGatewayRequest,
  DrainGatewayBody as DrainGatewayRequest,
  GatewayUsersBody,
  ProbeBody,
} from './gateway.dto.js';

/** What the request names, by id. @throws Refusal `gateway_member_unknown`, `not_found`, each naming its field */
export function createGatewayBody(
  state: NetworkState,
  gatewayId: string,
  { nodes, cluster, probe, users, ...rest }: CreateGatewayRequest,
): CreateGatewayBody {
  return {
    ...rest,
    gatewayId,
    members: memberIds(state, nodes),
    ...(probe !== undefined && { probe: probeTarget(probe) }),
    ...(cluster !== undefined && { clusterId: inField('cluster', () => findCluster(state, cluster)).clusterId }),
    ...(users && { users: userIds(state, users) }),
  };
}

/** @throws Refusal `not_found`, `gateway_member_unknown` */
export function changeGatewayBody(
  state: NetworkState,
  gateway: string,
  { nodes, probe, users, ...rest }: ChangeGatewayRequest,
): ChangeGatewayBody {
  const { gatewayId } = findGateway(state, gateway);
  return {
    ...rest,
    gatewayId,
    ...(nodes && { members: memberIds(state, nodes) }),
    ...(probe !== undefined && { probe: probeTarget(probe) }),
    ...(users && { users: userIds(state, users) }),
  };
}

/** @throws Refusal `not_found`, `gateway_member_unknown` */
export function drainGatewayBody(
  state: NetworkState,
  gateway: string,
  { node, ...rest }: DrainGatewayRequest,
): DrainGatewayBody {
  const { gatewayId } = findGateway(state, gateway);
  return { ...rest, gatewayId, nodeId: inField('node', () => memberId(state, node)) };
}

const memberIds = (state: NetworkState, nodes: readonly string[]) =>
  nodes.map((node, index) => inField(`nodes[${index}]`, () => memberId(state, node)));

function memberId(state: NetworkState, node: string): string {
  try {
    return findNode(state, node).nodeId;
  } catch (error) {
    if (isRefusal(error)) throw new Refusal('gateway_member_unknown', error.detail);
    throw error;
  }
}

const probeTarget = (probe: ProbeBody | null) => probe && { address: probe.address, port: probe.port ?? null };

function userIds(state: NetworkState, { nodes, clients }: GatewayUsersBody) {
  const ids = (field: string, names: readonly string[], find: (name: string) => string) =>
    names.map((name, index) => inField(`users.${field}[${index}]`, () => find(name)));
  return {
    ...(nodes && { nodes: ids('nodes', nodes, (name) => findNode(state, name).nodeId) }),
    ...(clients && { clients: ids('clients', clients, (name) => findClient(state, name).clientId) }),
  };
}
