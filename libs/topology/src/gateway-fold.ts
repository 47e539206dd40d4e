import type { RecordedFact } from '#contracts/facts.js';
import type { GatewayFact } from '#contracts/gateway-facts.js';
import { release, take, type PoolState } from '#ipam/pool.js';
import type { GatewayState, NetworkState } from './network-state.js';

type Changes = Partial<NetworkState>;

/** What a fact about gateways, links, virtual ranges, publications or clients changes in the state of its network. */
export function gatewayChanges(state: NetworkState, fact: RecordedFact<GatewayFact>): Changes {
  const { version } = fact;
  const { at } = fact.metadata;
  switch (fact.type) {
    case 'GatewayCreated': {
      const gateway = { ...fact.data, active: null, draining: [], createdAt: at, version };
      return { gateways: state.gateways.set(gateway.gatewayId, gateway) };
    }
    case 'GatewayChanged': {
      const { gatewayId, changes } = fact.data;
      return changeGateway(state, gatewayId, (gateway) => withMembers({ ...gateway, ...changes, version }));
    }
    case 'GatewayRemoved':
      return { gateways: state.gateways.delete(fact.data.gatewayId) };
    case 'GatewayActivated': {
      const { gatewayId, active } = fact.data;
      return changeGateway(state, gatewayId, (gateway) => ({ ...gateway, active, version }));
    }
    case 'GatewayDraining': {
      const { gatewayId, nodeId, draining } = fact.data;
      return changeGateway(state, gatewayId, (gateway) => {
        const others = gateway.draining.filter((id) => id !== nodeId);
        return { ...gateway, draining: draining ? [...others, nodeId].sort() : others, version };
      });
    }
    case 'ClustersLinked':
      return { links: state.links.set(fact.data.linkId, { ...fact.data, version }) };
    case 'ClustersUnlinked':
      return { links: state.links.delete(fact.data.linkId) };
    case 'VirtualRangeAssigned':
      return { virtualRanges: state.virtualRanges.set(virtualRangeKey(fact.data), fact.data) };
    case 'VirtualRangeReleased':
      return { virtualRanges: state.virtualRanges.delete(virtualRangeKey(fact.data)) };
    case 'ServicePublished': {
      const { publicationId, mesh } = fact.data;
      const publications = state.publications.set(publicationId, { ...fact.data, version });
      return { publications, ...inPools(state, (pool) => take(pool, mesh.address)) };
    }
    case 'ServiceWithdrawn':
      return withdrawn(state, fact.data.publicationId, at);
    case 'ClientCreated': {
      const client = { ...fact.data, createdAt: at, version };
      return {
        clients: state.clients.set(client.clientId, client),
        ...inPools(state, (pool) => client.addresses.reduce(take, pool)),
      };
    }
    case 'ClientRevoked': {
      const client = state.clients.get(fact.data.clientId);
      if (!client) return {};
      return {
        clients: state.clients.delete(client.clientId),
        ...inPools(state, (pool) => client.addresses.reduce((rest, address) => release(rest, address, at), pool)),
      };
    }
  }
}

/** The key of `NetworkState.virtualRanges`. */
export const virtualRangeKey = ({ clusterId, real }: { clusterId: string; real: string }): string =>
  `${clusterId} ${real}`;

/** Both pools with the same change. */
export function inPools(
  { pool4, pool6 }: NetworkState,
  change: (pool: PoolState) => PoolState,
): Pick<NetworkState, 'pool4' | 'pool6'> {
  return { pool4: pool4 && change(pool4), pool6: pool6 && change(pool6) };
}

/** Who is no member neither serves nor drains. */
function withMembers(gateway: GatewayState): GatewayState {
  const { members, active, draining } = gateway;
  return {
    ...gateway,
    active: active !== null && members.includes(active) ? active : null,
    draining: draining.filter((nodeId) => members.includes(nodeId)),
  };
}

function changeGateway(
  { gateways }: NetworkState,
  gatewayId: string,
  change: (gateway: GatewayState) => GatewayState,
): Changes {
  const gateway = gateways.get(gatewayId);
  return gateway ? { gateways: gateways.set(gatewayId, change(gateway)) } : {};
}

/** Its mesh address is free again unless a node has it or another publication. */
function withdrawn(state: NetworkState, publicationId: string, at: string): Changes {
  const publication = state.publications.get(publicationId);
  if (!publication) return {};
  const { address } = publication.mesh;
  const publications = state.publications.delete(publicationId);
  const needed =
    publications.some(({ mesh }) => mesh.address === address) ||
    state.nodes.some(({ addresses }) => addresses.includes(address));
  return needed ? { publications } : { publications, ...inPools(state, (pool) => release(pool, address, at)) };
}
