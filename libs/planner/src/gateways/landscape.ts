import type { NetworkState, NodeState } from '#topology/network-state.js';
import type { ClientState, ClusterState, GatewayState, LinkState, PublicationState } from '#topology/network-state.js';
import { crossingRanges } from '#topology/crossing-ranges.js';
import { hostPrefix } from '#ipam/prefix.js';
import type { Extras } from './own-extras.js';
import { flatPodsOf } from '../flat-pods.js';
import type { LiveState } from '../members.js';
import { arePeers } from '../permitted.js';
import { covering } from '../prefix-lists.js';

/** What a network has besides a mesh of nodes, looked up and sorted once for all of them. */
export class Landscape {
  readonly gateways: readonly GatewayState[];
  readonly clusters: readonly ClusterState[];
  readonly links: readonly LinkState[];
  readonly publications: readonly PublicationState[];
  readonly clients: readonly ClientState[];
  /** Ids of nodes that a fact of these names: members, those who serve, users; and relays. All others are told the same. */
  readonly named: ReadonlySet<string>;
  /** What each node gets, and what it would get if there were no relays; `extrasOf` and `ownExtras` fill these. */
  readonly extras = new Map<string, Extras>();
  readonly own = new Map<string, Extras>();
  /** Relay → the node that it sends everything to that nobody else has; internet.ts fills it. */
  readonly outlets = new Map<string, string | undefined>();
  #outward: readonly string[] | undefined;
  #lent: ReadonlySet<string> | undefined;

  constructor(readonly state: LiveState) {
    this.gateways = byId(state.gateways);
    this.clusters = byId(state.clusters);
    this.links = byId(state.links);
    this.publications = byId(state.publications);
    this.clients = byId(state.clients);
    this.named = new Set([
      ...this.gateways.flatMap(({ members, users, active }) => [...members, ...users.nodes, active ?? '']),
      ...this.clusters.flatMap(({ members }) => [...members.keys()]),
      ...state.relays.keys(),
    ]);
  }

  get isPlain(): boolean {
    return this.gateways.length + this.clusters.length === 0;
  }

  /** An enabled node of the network. */
  node(nodeId: string): NodeState | undefined {
    const node = this.state.nodes.get(nodeId);
    return node?.enabled ? node : undefined;
  }

  /** A node that `viewer` may send to. */
  peer(viewer: NodeState, nodeId: string | null): NodeState | undefined {
    const node = nodeId === null ? undefined : this.state.nodes.get(nodeId);
    return node && arePeers(this.state, viewer, node) ? node : undefined;
  }

  /** The node that serves a gateway, where `viewer` may send to it; none while nobody serves. */
  activeFor(viewer: NodeState, gateway: GatewayState | undefined): NodeState | undefined {
    return gateway && this.peer(viewer, gateway.active);
  }

  door(clusterId: string): GatewayState | undefined {
    return this.gateways.find((gateway) => gateway.kind === 'cluster' && gateway.clusterId === clusterId);
  }

  /** Whether a node stands in the door of a cluster, serving or ready to. */
  isDoor({ nodeId }: NodeState, { clusterId }: ClusterState): boolean {
    return this.door(clusterId)?.members.includes(nodeId) ?? false;
  }

  /** Whether a node has to do with a cluster. */
  isAt(node: NodeState, cluster: ClusterState): boolean {
    return cluster.members.has(node.nodeId) || this.isDoor(node, cluster);
  }

  get mesh(): string[] {
    const { cidr, cidr6 } = this.state.network;
    return [cidr, cidr6].filter((range) => range !== null);
  }

  /** Whatever has an address that everybody knows: the mesh and flat pods. */
  get insiders(): string[] {
    return [...this.mesh, ...this.clusters.flatMap(({ model, pods }) => (model === 'flat' ? pods : []))];
  }

  /** What nobody comes to through a node by a gateway alone: clusters there, by real and virtual addresses, but for flat pods. */
  hidden(node: NodeState): string[] {
    const here = this.clusters.filter((cluster) => this.isAt(node, cluster));
    const real = here.flatMap(({ pods, services, model }) => (model === 'flat' ? services : [...pods, ...services]));
    return [...real, ...this.virtual(node)];
  }

  /** Virtual ranges of clusters at a node. Its filters take a rule that names them to mean the real ones. */
  virtual(node: NodeState): string[] {
    return this.clusters
      .filter((cluster) => this.isAt(node, cluster))
      .flatMap((cluster) => crossingRanges(this.state, cluster))
      .flatMap(({ real, crossing }) => (real === crossing ? [] : [crossing]));
  }

  /** What a node lets out by egress gateways. */
  opened({ nodeId }: NodeState): string[] {
    return this.gateways.filter(({ members }) => members.includes(nodeId)).flatMap(({ ranges }) => ranges);
  }

  /** Where those go who leave a cluster without a link: insiders and what is behind egress gateways. */
  get outward(): readonly string[] {
    return (this.#outward ??= covering([...this.insiders, ...this.gateways.flatMap(({ ranges }) => ranges)]));
  }

  /** Addresses of nodes on which services are published. */
  get lent(): ReadonlySet<string> {
    if (this.#lent) return this.#lent;
    const published = new Set(this.publications.map(({ mesh }) => mesh.address));
    const held = published.size === 0 ? [] : [...this.state.nodes.values()].flatMap(({ addresses }) => addresses);
    return (this.#lent = new Set(held.filter((address) => published.has(address))));
  }

  /** What packets of a node itself carry as their source: its addresses and flat pods. */
  ownPrefixes({ nodeId, addresses }: NodeState): string[] {
    return [...addresses.map(hostPrefix), ...(flatPodsOf(this.state).get(nodeId) ?? [])];
  }
}

const known = new WeakMap<NetworkState, Landscape>();

export function landscapeOf(state: LiveState): Landscape {
  let landscape = known.get(state);
  if (!landscape) known.set(state, (landscape = new Landscape(state)));
  return landscape;
}

/**
 * Keeps what was worked out for `before` where no fact in between says anything about it: a node that joins a network
 * of many gateways is looked at as in a network of none.
 */
export function keepLandscape(before: NetworkState, after: NetworkState, touched: ReadonlySet<string>): void {
  const landscape = known.get(before);
  if (!landscape || known.has(after) || !before.network || !after.network) return;
  const same = (['gateways', 'clusters', 'links', 'virtualRanges', 'publications', 'clients'] as const).every(
    (field) => before[field] === after[field],
  );
  if (!same || before.network.defaultPolicy !== after.network.defaultPolicy) return;
  const published = new Set(landscape.publications.map(({ mesh }) => mesh.address));
  const matters = (nodeId: string) =>
    landscape.named.has(nodeId) ||
    after.relays.has(nodeId) ||
    [before, after].some(({ nodes }) => nodes.get(nodeId)?.addresses.some((address) => published.has(address)));
  if (![...touched].some(matters)) known.set(after, landscape);
}

function byId<Value>(map: { entries(): Iterable<[string, Value]> }): Value[] {
  return [...map.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}
