import { Refusal } from '#contracts/errors.js';
import { formatPrefix, hostPrefix, overlaps, parsePrefix, type Prefix } from '#ipam/prefix.js';
import { crossingRanges, linkedWith } from './crossing-ranges.js';
import { meshRanges } from './endpoints.js';
import type { ClusterState, NetworkState } from './network-state.js';
import type { OwnedRange } from './ranges.js';

export type OwnerKind = 'mesh' | 'cluster' | 'egress' | 'virtual' | 'client' | 'publication' | 'endpoint';

/** A prefix of a network and whose it is; `owner` is for messages: `cluster "a" (pods)`. */
export interface PrefixOwner extends OwnedRange {
  kind: OwnerKind;
  /** Of the cluster, gateway, client, publication or node; of the network for the mesh. */
  id: string;
}

/** Everybody who owns a prefix in a network, seen from the mesh or not: a new prefix of ours must avoid them all. */
export function ownersOf(state: NetworkState): PrefixOwner[] {
  const clusters = [...state.clusters.values()].flatMap((cluster) => realRanges(cluster));
  const clients = [...state.clients.values()].flatMap(({ clientId, name, addresses }) =>
    addresses.map((address) => owned('client', clientId, [`client "${name}"`, hostPrefix(address)])),
  );
  const publications = [...state.publications.values()].map(({ publicationId, mesh }) =>
    owned('publication', publicationId, [`publication ${publicationId}`, hostPrefix(mesh.address)]),
  );
  const endpoints = [...state.nodes.values()].flatMap(({ nodeId, name, endpoints }) =>
    endpoints.map(({ address }) => owned('endpoint', nodeId, [`an endpoint of node "${name}"`, hostPrefix(address)])),
  );
  return [...fixedOwners(state), ...clusters, ...clients, ...publications, ...endpoints];
}

/** Those whose prefixes packets in the mesh carry: the mesh, egress and virtual ranges, and what crosses of clusters. */
export function crossingOwners(state: NetworkState): PrefixOwner[] {
  const clusters = [...state.clusters.values()].flatMap((cluster) => {
    const linked = linkedWith(state, cluster.clusterId).length > 0;
    return crossingRanges(state, cluster)
      .filter(
        ({ kind, real, crossing }) => real === crossing && (linked || (cluster.model === 'flat' && kind === 'pods')),
      )
      .map(({ kind, real }) => ofCluster(cluster, kind, real));
  });
  return [...fixedOwners(state), ...clusters];
}

/** A cluster's own ranges, as its nodes know them. */
export function realRanges(cluster: ClusterState): PrefixOwner[] {
  return [
    ...cluster.pods.map((real) => ofCluster(cluster, 'pods', real)),
    ...cluster.services.map((real) => ofCluster(cluster, 'services', real)),
  ];
}

/** The first owner whose prefix overlaps this one. */
export const overlapping = (range: Prefix, owners: readonly PrefixOwner[]): PrefixOwner | undefined =>
  owners.find((other) => overlaps(other.range, range));

/** What to say of two ranges that overlap: both, with both owners, and what to do. */
export const overlapRefusal = (mine: OwnedRange, other: OwnedRange, advice: string): Refusal =>
  new Refusal(
    'cidr_overlap',
    `${formatPrefix(mine.range)} of ${mine.owner} overlaps ${formatPrefix(other.range)} of ${other.owner}; ${advice}`,
  );

/** @throws Refusal `cidr_overlap` naming both owners */
export function refuseOverlaps(mine: readonly OwnedRange[], owners: readonly PrefixOwner[], advice: string): void {
  for (const one of mine) {
    const other = overlapping(one.range, owners);
    if (other) throw overlapRefusal(one, other, advice);
  }
}

function fixedOwners(state: NetworkState): PrefixOwner[] {
  const { networkId = '', name = '' } = state.network ?? {};
  const mesh = meshRanges(state).map((range): PrefixOwner => {
    return { kind: 'mesh', id: networkId, owner: `network "${name}"`, range };
  });
  const egress = [...state.gateways.values()].flatMap(({ gatewayId, name, ranges }) =>
    ranges.map((range) => owned('egress', gatewayId, [`gateway "${name}"`, range])),
  );
  const virtual = [...state.virtualRanges.values()].map(({ clusterId, virtual }) => {
    const cluster = state.clusters.get(clusterId)?.name ?? clusterId;
    return owned('virtual', clusterId, [`cluster "${cluster}" (virtual)`, virtual]);
  });
  return [...mesh, ...egress, ...virtual];
}

const owned = (kind: OwnerKind, id: string, [owner, range]: [string, string]): PrefixOwner => ({
  kind,
  id,
  owner,
  range: parsePrefix(range),
});

const ofCluster = ({ clusterId, name }: ClusterState, kind: 'pods' | 'services', real: string) =>
  owned('cluster', clusterId, [`cluster "${name}" (${kind})`, real]);
