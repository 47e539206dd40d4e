import { Map as ImmutableMap, OrderedMap, Set as ImmutableSet } from 'immutable';
import { poolFromJson, poolToJson } from '#ipam/pool.js';
import { virtualRangeKey } from './gateway-fold.js';
import { keysOf } from './key-rotation-fold.js';
import type { LockEntry } from '#contracts/membership-lock.js';
import type {
  AssignmentState,
  ClientState,
  ClusterState,
  GatewayState,
  KeyState,
  LinkState,
  NetworkInfo,
  NetworkState,
  NodeState,
  PathState,
  PublicationState,
  ReachabilityState,
  RelayState,
  RemovedNode,
  VirtualRange,
} from './network-state.js';

interface NetworkStateJson {
  version: number;
  network: NetworkInfo | null;
  nodes: NodeState[];
  keys: KeyState[];
  pool4: unknown;
  pool6: unknown;
  removedNodes: [string, RemovedNode][];
  clusters: (Omit<ClusterState, 'members'> & { members: [string, readonly string[]][] })[];
  gateways: GatewayState[];
  links: LinkState[];
  virtualRanges: VirtualRange[];
  publications: PublicationState[];
  clients: ClientState[];
  reachability: ReachabilityState[];
  /** What is behind each follows from the assignments. */
  relays: Omit<RelayState, 'nodes'>[];
  assignments: AssignmentState[];
  relayPins: [string, string][];
  paths: PathState[];
  lock: readonly LockEntry[];
}

/** Sorted, so that equal states give equal bytes; indexes are left out, they follow from the nodes. */
export function networkStateToJson(state: NetworkState): NetworkStateJson {
  return {
    version: state.version,
    network: state.network,
    nodes: sorted(state.nodes),
    keys: sorted(state.keys),
    pool4: state.pool4 && poolToJson(state.pool4),
    pool6: state.pool6 && poolToJson(state.pool6),
    removedNodes: [...state.removedNodes],
    clusters: sorted(state.clusters).map((cluster) => ({ ...cluster, members: entries(cluster.members) })),
    gateways: sorted(state.gateways),
    links: sorted(state.links),
    virtualRanges: sorted(state.virtualRanges),
    publications: sorted(state.publications),
    clients: sorted(state.clients),
    reachability: sorted(state.reachability),
    relays: sorted(state.relays).map(({ nodes: _nodes, ...relay }) => relay),
    assignments: sorted(state.assignments),
    relayPins: entries(state.relayPins),
    paths: entries(state.paths).flatMap(([nodeId, others]) => sorted(others).filter(({ a }) => a === nodeId)),
    lock: state.lock,
  };
}

export function networkStateFromJson(json: unknown): NetworkState {
  const { version, network, nodes, keys, pool4, pool6, removedNodes, ...rest } = json as NetworkStateJson;
  const indexBy = (field: 'name' | 'controlKey' | 'natsKey') =>
    ImmutableMap(nodes.map((node) => [node[field], node.nodeId]));
  const clusters = rest.clusters.map((cluster) => ({ ...cluster, members: ImmutableMap(cluster.members) }));
  return {
    version,
    network,
    nodes: by(nodes, ({ nodeId }) => nodeId),
    nodeIdByName: indexBy('name'),
    nodeIdByPublicKey: ImmutableMap(nodes.flatMap((node) => keysOf(node).map((key) => [key, node.nodeId]))),
    nodeIdByControlKey: indexBy('controlKey'),
    nodeIdByNatsKey: indexBy('natsKey'),
    keys: by(keys, ({ keyId }) => keyId),
    pool4: pool4 ? poolFromJson(pool4) : null,
    pool6: pool6 ? poolFromJson(pool6) : null,
    removedNodes: OrderedMap(removedNodes),
    clusters: by(clusters, ({ clusterId }) => clusterId),
    gateways: by(rest.gateways, ({ gatewayId }) => gatewayId),
    links: by(rest.links, ({ linkId }) => linkId),
    virtualRanges: by(rest.virtualRanges, virtualRangeKey),
    publications: by(rest.publications, ({ publicationId }) => publicationId),
    clients: by(rest.clients, ({ clientId }) => clientId),
    reachability: by(rest.reachability, ({ nodeId }) => nodeId),
    relays: relaysFrom(rest),
    assignments: by(rest.assignments, ({ nodeId }) => nodeId),
    relayPins: ImmutableMap(rest.relayPins),
    paths: pathsFrom(rest.paths),
    lock: rest.lock,
  };
}

function relaysFrom({ relays, assignments }: Pick<NetworkStateJson, 'relays' | 'assignments'>): NetworkState['relays'] {
  const behind = new Map(relays.map(({ nodeId }) => [nodeId, [] as string[]]));
  for (const { nodeId, relayId } of assignments) behind.get(relayId)?.push(nodeId);
  const all = relays.map((relay) => ({ ...relay, nodes: ImmutableSet(behind.get(relay.nodeId)) }));
  return by(all, ({ nodeId }) => nodeId);
}

function pathsFrom(paths: PathState[]): NetworkState['paths'] {
  const byNode = new Map<string, [string, PathState][]>();
  const put = (from: string, to: string, path: PathState) =>
    byNode.get(from)?.push([to, path]) ?? byNode.set(from, [[to, path]]);
  for (const path of paths) {
    put(path.a, path.b, path);
    put(path.b, path.a, path);
  }
  return ImmutableMap([...byNode].map(([nodeId, others]) => [nodeId, ImmutableMap(others)]));
}

/** By key, in the order of code units: the same on every machine. */
const entries = <Value>(map: ImmutableMap<string, Value>): [string, Value][] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1));

const sorted = <Value>(map: ImmutableMap<string, Value>): Value[] => entries(map).map(([, value]) => value);

const by = <Value>(values: Value[], key: (value: Value) => string): ImmutableMap<string, Value> =>
  ImmutableMap(values.map((value) => [key(value), value]));
