import { Refusal } from '#contracts/errors.js';
import { hostPrefix } from '#ipam/prefix.js';
import { gatewayOf, networkOf } from '#topology/lookup.js';
import type { ClientState, NetworkState } from '#topology/network-state.js';
import type { ClientConfigDto } from './client.dto.js';
import { clientEndpoint, endpointNeed } from './client-endpoint.js';

/** A client is nearly always behind NAT, whose mappings may last half a minute only (RFC 4787 §4.3 asks for two). */
const KEEPALIVE = 25;
const EVERYTHING = ['0.0.0.0/0', '::/0'];

/**
 * What a stock WireGuard client is set up with, all but its private key.
 * @throws Refusal `gateway_inactive` while nobody serves its gateway, `no_endpoint` where the node that does cannot be called
 */
export function clientConfig(state: NetworkState, client: ClientState): ClientConfigDto {
  const { mtu } = networkOf(state);
  const config = {
    addresses: client.addresses.map(hostPrefix),
    mtu,
    allowedIps: usesInternetGateway(state, client) ? EVERYTHING : client.allowed,
    keepalive: KEEPALIVE,
    peer: peerOf(state, client),
    dns: null,
  };
  return { ...config, text: wgQuickFile(client.name, config) };
}

function peerOf(state: NetworkState, { gatewayId }: ClientState): ClientConfigDto['peer'] {
  const gateway = gatewayOf(state, gatewayId);
  const node = gateway.active === null ? undefined : state.nodes.get(gateway.active);
  if (!node)
    throw new Refusal(
      'gateway_inactive',
      `no node serves gateway "${gateway.name}" now; start one of its nodes, or make another one a member`,
    );
  const endpoint = clientEndpoint(state, node);
  if (endpoint === undefined)
    throw new Refusal('no_endpoint', lowered(endpointNeed(state, node, `gateway "${gateway.name}"`)));
  return { publicKey: node.publicKey, endpoint };
}

const lowered = (sentence: string) => `${sentence.charAt(0).toLowerCase()}${sentence.slice(1, -1)}`;

const usesInternetGateway = ({ gateways }: NetworkState, { clientId }: ClientState) =>
  gateways.some(({ kind, users }) => kind === 'internet' && users.clients.includes(clientId));

function wgQuickFile(name: string, config: Omit<ClientConfigDto, 'text'>): string {
  const { addresses, mtu, allowedIps, keepalive, peer } = config;
  return `# ${name}
[Interface]
PrivateKey = 
Address = ${addresses.join(', ')}
MTU = ${mtu}

[Peer]
PublicKey = ${peer.publicKey}
AllowedIPs = ${allowedIps.join(', ')}
Endpoint = ${peer.endpoint}
PersistentKeepalive = ${keepalive}
`;
}
