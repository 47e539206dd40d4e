import type { FilterResource, PeerResource } from '#contracts/node-stream.js';
import { readAddress } from '#ipam/address.js';
import { contains, hostPrefix, parsePrefix } from '#ipam/prefix.js';
import type { ClientState, GatewayState, NodeState, PublicationState } from '#topology/network-state.js';
import { signatureOf } from '../resources.js';
import {
  accept,
  carried,
  type Contribution,
  type Crossing,
  drop,
  EVERYTHING,
  from,
  type Rule,
} from './contribution.js';
import { reachesInternet } from './internet.js';
import type { Landscape } from './landscape.js';
import { permitsAll } from '../permitted.js';
import { except, familyOf } from '../prefix-lists.js';

/**
 * Ingress (rule 6): external clients live behind the node that serves, which has a peer for each; for everybody else
 * their addresses are that node's. All members let them go where they may, and nowhere else.
 */
export const ingress: Rule = (around, viewer) =>
  around.gateways
    .filter(({ kind }) => kind === 'ingress')
    .flatMap((gateway) => {
      const clients = around.clients.filter(({ gatewayId }) => gatewayId === gateway.gatewayId);
      const isMember = gateway.members.includes(viewer.nodeId);
      return [
        placeOf(around, { gateway, clients }, viewer),
        ...(isMember ? [{ forward: true } as const, ...clients.map((client) => filters(around, client, viewer))] : []),
      ];
    });

function placeOf(
  around: Landscape,
  { gateway, clients }: { gateway: GatewayState; clients: ClientState[] },
  viewer: NodeState,
): Contribution {
  // No policy speaks of clients yet: they are permitted where everybody is.
  if (!permitsAll(around.state)) return {};
  if (gateway.active === viewer.nodeId) return { resources: clients.map(clientPeer) };
  const active = around.activeFor(viewer, gateway);
  return active
    ? { reach: clients.flatMap((client) => from(active.nodeId, addressesOf(client), signedClient(client))) }
    : {};
}

/** A client calls, from wherever it is. */
export const clientPeer = (client: ClientState): PeerResource => ({
  name: `peer/${client.clientId}`,
  node: client.name,
  publicKey: client.publicKey,
  allowedIps: addressesOf(client),
  endpoint: null,
  ...(client.signed && { signed: { addresses: client.addresses, ...signatureOf(client.signed) } }),
});

const signedClient = ({ clientId: memberId, publicKey, addresses, signed }: ClientState) =>
  carried({ memberId, publicKey, addresses }, signed);

export const addressesOf = ({ addresses }: ClientState): string[] => addresses.map(hostPrefix).sort();

function filters(around: Landscape, client: ClientState, viewer: NodeState): Contribution {
  const sources = addressesOf(client);
  const destinations = allowedTo(around, client, viewer);
  const resources = [judging(client.clientId, { sources, destinations })];
  if (!servesMore(around, viewer)) return { resources };
  const { reached, denied } = published(around, destinations, viewer);
  const services = reached.map(({ service }) => hostPrefix(service.address));
  // Whoever is behind a virtual range is named by real addresses.
  const elsewhere = except(EVERYTHING, [...destinations, ...services, ...around.virtual(viewer)]);
  return {
    resources: [
      ...resources,
      ...drop(`${client.clientId}/else`, { sources, destinations: elsewhere }).map(alsoLocal),
      ...denied.flatMap(({ publicationId, service: { address, port }, protocol }) =>
        drop(`${client.clientId}/${publicationId}`, { sources, destinations: [hostPrefix(address)] }).map((one) => ({
          ...alsoLocal(one),
          service: { protocol, port },
        })),
      ),
    ],
  };
}

/** All of a client is judged, also by a family of which it may reach nothing. */
function judging(id: string, { sources, destinations }: Crossing): FilterResource {
  const [fitting] = accept(id, { sources, destinations });
  return {
    name: `filter/${id}`,
    verdict: 'accept',
    sources: [...sources],
    destinations: fitting?.destinations ?? [],
    local: true,
  };
}

/** The node that lets a client in is one of those that the client may reach, or not. */
const alsoLocal = (filter: FilterResource): FilterResource => ({ ...filter, local: true });

/** Everything is the internet only for who uses a gateway to it; for others it is all that the mesh leads to. */
function allowedTo(around: Landscape, client: ClientState, viewer: NodeState): string[] {
  return client.allowed.flatMap((prefix) => {
    if (!prefix.endsWith('/0')) return [prefix];
    const known = around.outward.filter((range) => familyOf(range) === familyOf(prefix));
    return except(reachesInternet(around, client, viewer) ? [prefix] : known, around.hidden(viewer));
  });
}

/** Whether a node accepts for other reasons than clients what a client must not use. */
function servesMore(around: Landscape, viewer: NodeState): boolean {
  return (
    around.state.relays.has(viewer.nodeId) ||
    around.clusters.some((cluster) => around.isAt(viewer, cluster)) ||
    around.gateways.some(({ kind, members }) => kind !== 'ingress' && members.includes(viewer.nodeId))
  );
}

/** Filters see services after translation, but clients are allowed the mesh addresses that stand for them. */
function published(around: Landscape, allowed: readonly string[], viewer: NodeState) {
  const ranges = allowed.map(parsePrefix);
  const here = around.publications.filter(({ clusterId }) => around.door(clusterId)?.members.includes(viewer.nodeId));
  const reached = here.filter(({ mesh }) => {
    const address = readAddress(mesh.address);
    return address && ranges.some((range) => contains(range, address));
  });
  const nameOf = ({ protocol, service }: PublicationState) => `${protocol} ${service.address} ${service.port}`;
  const names = new Set(reached.map(nameOf));
  return { reached, denied: here.filter((publication) => !names.has(nameOf(publication))) };
}
