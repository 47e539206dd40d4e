import type { Resource } from '#contracts/node-stream.js';
import { landscapeOf } from '#planner/gateways/landscape.js';
import type { Unrelayed } from '#planner/gateways/relay-table.js';
import { transitOf } from '#planner/gateways/transit.js';
import { isLive } from '#planner/members.js';
import { planAll } from '#planner/plan-node.js';
import { crossingRanges } from '#topology/crossing-ranges.js';
import type { ClientState, ClusterState, GatewayState, NetworkState } from '#topology/network-state.js';
import { familyOf, isIn, moved, nth } from './packet.js';
import type { End, Entry, Machine } from './walk.js';

/** Whoever sends or receives packets. */
export type Host =
  | { kind: 'node'; nodeId: string }
  /** Without a node: on a machine of the cluster that runs no agent. */
  | { kind: 'pod'; cluster: ClusterState; nodeId: string | null; address: string }
  | { kind: 'service'; cluster: ClusterState; address: string }
  | { kind: 'client'; client: ClientState }
  /** Behind all members of an egress gateway. */
  | { kind: 'lan'; gateway: GatewayState; address: string }
  | { kind: 'web'; address: string };

/** A host by one of the addresses at which others may try to reach it. */
export interface Target {
  host: Host;
  address: string;
  port: number;
  /** Where the host hears it, if that is another. */
  heard: { address: string; port: number };
}

/** On the internet, and nowhere else. */
export const WEB = { 4: '203.0.113.99', 6: '2001:db8:99::1' } as const;

/** Nobody answers what does not exist: a network as it is on the ground, around the nodes. */
export class Site {
  readonly plan: ReadonlyMap<string, readonly Resource[]>;
  readonly #unrelayed: readonly Unrelayed[];

  constructor(readonly state: NetworkState) {
    this.plan = planAll(state);
    this.#unrelayed = isLive(state) ? transitOf(landscapeOf(state)).unrelayed : [];
    this.#hosts = this.#list();
  }

  serving(gateway: GatewayState | undefined): string | undefined {
    const active = gateway?.active ?? undefined;
    return active !== undefined && this.state.nodes.get(active)?.enabled ? active : undefined;
  }

  door(cluster: ClusterState): GatewayState | undefined {
    return this.state.gateways.find(({ clusterId }) => clusterId === cluster.clusterId);
  }

  isAt(nodeId: string, cluster: ClusterState): boolean {
    return cluster.members.has(nodeId) || (this.door(cluster)?.members.includes(nodeId) ?? false);
  }

  addressOf(nodeId: string, like: string): string | undefined {
    return this.state.nodes.get(nodeId)?.addresses.find((address) => familyOf(address) === familyOf(like));
  }

  /** Whether nobody beyond a node has an address, as far as its own networks go. */
  isUnknownAt(nodeId: string, address: string): boolean {
    return ![...this.state.clusters.values()].some(
      (cluster) => this.isAt(nodeId, cluster) && isIn(address, [...cluster.pods, ...cluster.services]),
    );
  }

  /** Whether the plan says that some relay does not take what one of these nodes would send to one of these addresses. */
  isUnrelayed(nodeIds: readonly (string | undefined)[], addresses: readonly string[]): boolean {
    return this.#unrelayed.some(
      ({ from, prefix }) =>
        (from === null || nodeIds.includes(from)) &&
        addresses.some((address) => isIn(address, [prefix]) && (!prefix.endsWith('/0') || isWeb(address))),
    );
  }

  outside(nodeId: string): Record<4 | 6, string> {
    const n = [...this.state.nodes.keys()].sort().indexOf(nodeId) + 1;
    return { 4: nth('198.18.0.0/15', n), 6: nth('2001:db8:ffff::/48', n) };
  }

  machines(): Machine[] {
    const { clusters, gateways } = this.state;
    return [...this.plan].map(([nodeId, resources]) => ({
      nodeId,
      resources,
      outside: this.outside(nodeId),
      local: [
        ...[...clusters.values()]
          .filter((cluster) => this.isAt(nodeId, cluster))
          .flatMap(({ pods, services, members }) => [...pods, ...services, ...(members.get(nodeId) ?? [])]),
        ...[...gateways.values()].filter(({ members }) => members.includes(nodeId)).flatMap(({ ranges }) => ranges),
      ],
    }));
  }

  readonly #hosts: Host[];

  hosts(): readonly Host[] {
    return this.#hosts;
  }

  #list(): Host[] {
    const { nodes, clusters, clients, gateways } = this.state;
    return [
      ...[...nodes.keys()].map((nodeId): Host => ({ kind: 'node', nodeId })),
      ...[...clusters.values()].flatMap((cluster) => podsOf(cluster)),
      ...[...clusters.values()].flatMap((cluster) =>
        cluster.services.map((range): Host => ({ kind: 'service', cluster, address: nth(range, 10) })),
      ),
      ...[...clients.values()].map((client): Host => ({ kind: 'client', client })),
      ...[...gateways.values()]
        .flatMap((gateway) =>
          gateway.ranges.map((range): Host => ({ kind: 'lan', gateway, address: nth(range, 0x70701) })),
        )
        .filter((host) => host.kind === 'lan' && isIn(host.address, host.gateway.ranges)),
      ...[...gateways.values()].flatMap((gateway) =>
        gateway.ranges.map((range): Host => ({ kind: 'lan', gateway, address: nth(range, 7) })),
      ),
      { kind: 'web', address: WEB[4] },
      { kind: 'web', address: WEB[6] },
    ];
  }

  targets(): Target[] {
    const own = (host: Host, address: string): Target => ({ host, address, port: 22, heard: { address, port: 22 } });
    return [
      ...this.hosts().flatMap((host) => {
        if (host.kind !== 'pod' && host.kind !== 'service') return this.addresses(host).map((one) => own(host, one));
        const seen = this.crossing(host.cluster, host.address);
        const crossed = { ...own(host, host.address), address: seen };
        return seen === host.address ? [crossed] : [own(host, host.address), crossed];
      }),
      ...[...this.state.publications.values()].flatMap(({ clusterId, mesh, service }) => {
        const cluster = this.state.clusters.get(clusterId);
        const host: Host | undefined = cluster && { kind: 'service', cluster, address: service.address };
        return host ? [{ host, ...mesh, heard: service }] : [];
      }),
    ];
  }

  addresses(host: Host): readonly string[] {
    if (host.kind === 'node') return this.state.nodes.get(host.nodeId)?.addresses ?? [];
    return host.kind === 'client' ? host.client.addresses : [host.address];
  }

  /** What others see of an address of a cluster. */
  crossing(cluster: ClusterState, address: string): string {
    const range = crossingRanges(this.state, cluster).find(({ real }) => isIn(address, [real]));
    return range ? moved(address, range.real, range.crossing) : address;
  }

  /** The node that what a host sends comes to first. */
  origin(host: Host): string | undefined {
    if (host.kind === 'node') return host.nodeId;
    if (host.kind === 'pod') return host.nodeId ?? this.serving(this.door(host.cluster));
    if (host.kind === 'client') return this.serving(this.state.gateways.get(host.client.gatewayId));
    return undefined;
  }

  entry(host: Host): Entry | undefined {
    const nodeId = this.origin(host);
    if (nodeId === undefined) return undefined;
    const by =
      host.kind === 'node' ? 'node' : host.kind === 'client' ? (`peer/${host.client.clientId}` as const) : 'behind';
    return { nodeId, by };
  }

  /** Whether a packet has come to a host. */
  isWith(host: Host, end: End, heard: Target['heard']): boolean {
    if (end.at === 'nowhere') return false;
    if (end.packet.destination !== heard.address || end.packet.port !== heard.port) return false;
    if (end.at === 'client') return host.kind === 'client' && host.client.clientId === end.clientId;
    if (end.at === 'node') return host.kind === 'node' && host.nodeId === end.nodeId;
    if (host.kind === 'pod' || host.kind === 'service') return this.isAt(end.nodeId, host.cluster);
    if (host.kind === 'lan') return host.gateway.members.includes(end.nodeId);
    return host.kind === 'web';
  }

  /** The node that the answer comes to first: routers know those addresses as the node's, or by the operator's routes. */
  answering(host: Host, end: Extract<End, { nodeId: string }>, destination: string): Entry | undefined {
    if (host.kind === 'node' || host.kind === 'pod' || host.kind === 'client') return this.entry(host);
    const isNodes = Object.values(this.outside(end.nodeId)).includes(destination);
    const nodeId = host.kind === 'lan' && !isNodes ? this.serving(host.gateway) : end.nodeId;
    return nodeId === undefined ? undefined : { nodeId, by: 'behind' };
  }
}

const isWeb = (address: string) => Object.values<string>(WEB).includes(address);

function podsOf(cluster: ClusterState): Host[] {
  const { pods, members } = cluster;
  const onNodes = [...members].flatMap(([nodeId, ranges]) =>
    ranges.map((range): Host => ({ kind: 'pod', cluster, nodeId, address: nth(range, 5) })),
  );
  const owned = [...members.values()].flat();
  const elsewhere = pods
    .map((range) => nth(range, 0xf005))
    .filter((address) => isIn(address, pods) && !isIn(address, owned))
    .map((address): Host => ({ kind: 'pod', cluster, nodeId: null, address }));
  return [...onNodes, ...elsewhere];
}
