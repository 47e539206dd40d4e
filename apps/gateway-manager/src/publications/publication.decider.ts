import type { Decision } from '#contracts/decision.js';
import { Refusal } from '#contracts/errors.js';
import type { PublishServiceBody, WithdrawServiceBody } from '#contracts/gateway-commands.js';
import type { PublicationRecord } from '#contracts/gateway-facts.js';
import { formatAddress, parseAddress, type Address } from '#ipam/address.js';
import { allocate, isFree } from '#ipam/pool.js';
import { contains, parsePrefix } from '#ipam/prefix.js';
import { factsOf, foldNew, type CommandMeta, type GuardedCommand } from '#topology/command.js';
import { inField, oneOfErrors, refuseInvalid, wholeNumberErrors } from '#topology/fields.js';
import { publicationView } from '#topology/gateway-view.js';
import { clusterOf, networkOf, publicationOf, refuseStale } from '#topology/lookup.js';
import { networkFold } from '#topology/network-fold.js';
import type { ClusterState, NetworkState } from '#topology/network-state.js';

export type PublishService = CommandMeta & PublishServiceBody;
export type WithdrawService = GuardedCommand & WithdrawServiceBody;

const PORTS = [1, 65535] as const;

/**
 * Gives a service of an island or archipelago a mesh address and port. The same publication again makes no second fact.
 * Answer: PublicationView.
 * @throws Refusal `not_found`, `invalid`, `model_forbids`, `id_taken`, `address_port_taken`, `range_exhausted`
 */
export function decidePublishService(command: PublishService, state: NetworkState): Decision {
  networkOf(state);
  const cluster = clusterOf(state, command.clusterId);
  const { publicationId, protocol = 'tcp' } = command;
  refuseInvalid([
    ...oneOfErrors('protocol', protocol, ['tcp', 'udp']),
    ...wholeNumberErrors('service.port', command.service.port ?? null, PORTS),
    ...wholeNumberErrors('mesh.port', command.mesh.port ?? null, PORTS),
  ]);
  const service = {
    address: inField('service.address', () => formatAddress(serviceAddress(command, cluster))),
    port: command.service.port,
  };
  const earlier = state.publications.get(publicationId);
  if (earlier) {
    const same = earlier.clusterId === cluster.clusterId && earlier.service.address === service.address;
    if (same && earlier.service.port === service.port) return { facts: [], answer: publicationView(earlier) };
    throw new Refusal('id_taken', `the id ${publicationId} is taken by another publication; make a new one`);
  }
  if (cluster.model !== 'island' && cluster.model !== 'archipelago')
    throw new Refusal(
      'model_forbids',
      `cluster "${cluster.name}" is ${cluster.model}: only islands and archipelagos publish services; change its model first`,
    );
  const mesh = { address: inField('mesh.address', () => meshAddress(command, state)), port: command.mesh.port };
  refusePortTaken(state, { protocol, mesh });
  const record: PublicationRecord = { publicationId, clusterId: cluster.clusterId, protocol, service, mesh };
  const facts = factsOf(command, { type: 'ServicePublished', data: record });
  return { facts, answer: publicationView(publicationOf(foldNew(networkFold, state, facts), publicationId)) };
}

/** Answer: `{publicationId}`. @throws Refusal `not_found`, `version_mismatch` */
export function decideWithdrawService(command: WithdrawService, state: NetworkState): Decision {
  const { publicationId } = command;
  refuseStale(command, publicationOf(state, publicationId));
  return { facts: factsOf(command, { type: 'ServiceWithdrawn', data: { publicationId } }), answer: { publicationId } };
}

function serviceAddress({ service }: PublishService, { name, pods, services }: ClusterState): Address {
  const address = parseAddress(service.address);
  if (![...services, ...pods].some((range) => contains(parsePrefix(range), address)))
    throw new Refusal(
      'invalid',
      `service ${service.address} is in no range of cluster "${name}"; name one of its services`,
    );
  return address;
}

function meshAddress(command: PublishService, state: NetworkState): string {
  const { clusterId, service, mesh, at } = command;
  const { family } = parseAddress(service.address);
  const pool = family === 4 ? state.pool4 : state.pool6;
  if (!pool)
    throw new Refusal(
      'invalid',
      `network "${state.network?.name}" has no IPv${family} range; publish a service of the other family`,
    );
  const own = [...state.publications.values()]
    .filter((publication) => publication.clusterId === clusterId)
    .map((publication) => publication.mesh.address)
    .filter((address) => contains(pool.range, parseAddress(address)) && !holderOf(state, address))
    .sort();
  if (mesh.address === undefined) return own[0] ?? allocate(pool, at);
  const address = formatAddress(parseAddress(mesh.address));
  if (own.includes(address) || isFree(pool, address, at) || isDoor(state, clusterId, address)) return address;
  if (!contains(pool.range, parseAddress(address)))
    throw new Refusal(
      'invalid',
      `${address} is no IPv${family} mesh address; name one of the network's range, or none`,
    );
  const holder = holderOf(state, address) ?? 'another cluster, or rests for a day after its release';
  throw new Refusal('address_port_taken', `${address} belongs to ${holder}; name a free address, or none`);
}

/** A node that serves as the cluster's door may lend its own address. */
function isDoor(state: NetworkState, clusterId: string, address: string): boolean {
  const doors = [...state.gateways.values()].filter((gateway) => gateway.clusterId === clusterId);
  const members = doors.flatMap(({ members }) => members);
  return members.some((nodeId) => state.nodes.get(nodeId)?.addresses.includes(address));
}

function holderOf({ nodes, clients }: NetworkState, address: string): string | undefined {
  const node = nodes.find(({ addresses }) => addresses.includes(address));
  const client = clients.find(({ addresses }) => addresses.includes(address));
  return node ? `node "${node.name}"` : client && `client "${client.name}"`;
}

function refusePortTaken(
  { publications }: NetworkState,
  { protocol, mesh }: Pick<PublicationRecord, 'protocol' | 'mesh'>,
) {
  const other = publications.find(
    (one) => one.protocol === protocol && one.mesh.address === mesh.address && one.mesh.port === mesh.port,
  );
  if (other)
    throw new Refusal(
      'address_port_taken',
      `${protocol} port ${mesh.port} of ${mesh.address} is taken by publication ${other.publicationId}; choose another port`,
    );
}
