import { Map as ImmutableMap, OrderedMap } from 'immutable';
import type { Fold } from '#contracts/decision.js';
import type { EnrolmentKeyRecord, NetworkFact, NodeRecord, RecordedFact } from '#contracts/facts.js';
import { emptyPool, release, take } from '#ipam/pool.js';
import { clusterChanges, withoutMember } from './cluster-fold.js';
import { gatewayChanges, inPools } from './gateway-fold.js';
import { keyRotationChanges, keysOf } from './key-rotation-fold.js';
import { lockChanges } from './lock-fold.js';
import { networkStateFromJson, networkStateToJson } from './network-state-json.js';
import {
  REMOVED_NODES_KEPT_MS,
  type KeyState,
  type NetworkInfo,
  type NetworkState,
  type NodeState,
  type RemovedNode,
} from './network-state.js';
import { relayChanges, withoutNode } from './relay-fold.js';

/** How the facts of one network become its state. Facts of types it does not know raise the version and nothing else. */
export const networkFold: Fold<NetworkState> = {
  schema: 4,
  initialState: {
    version: 0,
    network: null,
    nodes: ImmutableMap(),
    nodeIdByName: ImmutableMap(),
    nodeIdByPublicKey: ImmutableMap(),
    nodeIdByControlKey: ImmutableMap(),
    nodeIdByNatsKey: ImmutableMap(),
    keys: ImmutableMap(),
    pool4: null,
    pool6: null,
    removedNodes: OrderedMap(),
    clusters: ImmutableMap(),
    gateways: ImmutableMap(),
    links: ImmutableMap(),
    virtualRanges: ImmutableMap(),
    publications: ImmutableMap(),
    clients: ImmutableMap(),
    reachability: ImmutableMap(),
    relays: ImmutableMap(),
    assignments: ImmutableMap(),
    relayPins: ImmutableMap(),
    paths: ImmutableMap(),
    lock: [],
  },
  evolve: (state, fact) => ({
    ...state,
    ...changesOf(state, fact as RecordedFact<NetworkFact>),
    version: fact.version,
  }),
  toJson: networkStateToJson,
  fromJson: networkStateFromJson,
};

type Changes = Partial<NetworkState>;

function changesOf(state: NetworkState, fact: RecordedFact<NetworkFact>): Changes {
  const { version } = fact;
  const { at } = fact.metadata;
  switch (fact.type) {
    case 'NetworkCreated':
      return created(fact.data, at, version);
    case 'NetworkChanged':
      return { network: state.network && { ...state.network, ...fact.data.changes, version } };
    case 'NetworkDeleted':
      return deleted;
    case 'EnrolmentKeyCreated':
      return keyCreated(state, fact.data, at, version);
    case 'EnrolmentKeyRevoked':
      return changeKey(state, fact.data.keyId, { revoked: true, version });
    case 'NodeEnrolled':
      return enrolled(state, fact.data, at, version);
    case 'NodeChanged':
      return changeNode(state, fact.data.nodeId, { ...fact.data.changes, version });
    case 'NodeKeyRotationRequested':
    case 'NodeKeyOffered':
    case 'NodeKeyRotated':
      return keyRotationChanges(state, fact);
    case 'NodeDisabled':
      return changeNode(state, fact.data.nodeId, { enabled: false, version });
    case 'NodeEnabled':
      return changeNode(state, fact.data.nodeId, { enabled: true, version });
    case 'NodeRemoved':
      return removed(state, fact.data.nodeId, { at, version });
    case 'ClusterDeclared':
    case 'ClusterChanged':
    case 'ClusterRemoved':
    case 'ClusterMemberSet':
    case 'ClusterMemberUnset':
      return clusterChanges(state, fact);
    case 'GatewayCreated':
    case 'GatewayChanged':
    case 'GatewayRemoved':
    case 'GatewayActivated':
    case 'GatewayDraining':
    case 'ClustersLinked':
    case 'ClustersUnlinked':
    case 'VirtualRangeAssigned':
    case 'VirtualRangeReleased':
    case 'ServicePublished':
    case 'ServiceWithdrawn':
    case 'ClientCreated':
    case 'ClientRevoked':
      return gatewayChanges(state, fact);
    case 'NodeReachabilityDecided':
    case 'RelaySet':
    case 'RelayUnset':
    case 'RelayPinned':
    case 'RelayAssigned':
    case 'PathTried':
    case 'PathProven':
    case 'PathFailed':
    case 'PathForgotten':
      return relayChanges(state, fact);
    case 'LockChanged':
    case 'MemberSigned':
      return lockChanges(state, fact);
    default:
      return {};
  }
}

const deleted: Changes = {
  network: null,
  keys: ImmutableMap(),
  pool4: null,
  pool6: null,
  clusters: ImmutableMap(),
  gateways: ImmutableMap(),
  links: ImmutableMap(),
  virtualRanges: ImmutableMap(),
  publications: ImmutableMap(),
  clients: ImmutableMap(),
  reachability: ImmutableMap(),
  relays: ImmutableMap(),
  assignments: ImmutableMap(),
  relayPins: ImmutableMap(),
  paths: ImmutableMap(),
  lock: [],
};

function created(data: Omit<NetworkInfo, 'createdAt' | 'version'>, at: string, version: number): Changes {
  return {
    network: { ...data, createdAt: at, version },
    pool4: data.cidr === null ? null : emptyPool(data.cidr),
    pool6: data.cidr6 === null ? null : emptyPool(data.cidr6),
  };
}

function keyCreated(state: NetworkState, record: EnrolmentKeyRecord, at: string, version: number): Changes {
  return { keys: state.keys.set(record.keyId, { used: 0, revoked: false, createdAt: at, version, ...record }) };
}

function changeKey(state: NetworkState, keyId: string, changes: Partial<KeyState>): Changes {
  const key = state.keys.get(keyId);
  return key ? { keys: state.keys.set(keyId, { ...key, ...changes }) } : {};
}

function enrolled(state: NetworkState, record: NodeRecord, at: string, version: number): Changes {
  const { nodeId, keyId, addresses } = record;
  const used = (state.keys.get(keyId)?.used ?? 0) + 1;
  return {
    nodes: state.nodes.set(nodeId, { enabled: true, enrolledAt: at, version, ...record }),
    nodeIdByName: state.nodeIdByName.set(record.name, nodeId),
    nodeIdByPublicKey: state.nodeIdByPublicKey.set(record.publicKey, nodeId),
    nodeIdByControlKey: state.nodeIdByControlKey.set(record.controlKey, nodeId),
    nodeIdByNatsKey: state.nodeIdByNatsKey.set(record.natsKey, nodeId),
    ...inPools(state, (pool) => addresses.reduce(take, pool)),
    ...changeKey(state, keyId, { used, version }),
  };
}

function changeNode(state: NetworkState, nodeId: string, changes: Partial<NodeState>): Changes {
  const before = state.nodes.get(nodeId);
  if (!before) return {};
  const after = { ...before, ...changes };
  return {
    nodes: state.nodes.set(nodeId, after),
    nodeIdByName: moved(state.nodeIdByName, before.name, after.name),
  };
}

function moved(index: ImmutableMap<string, string>, from: string, to: string): ImmutableMap<string, string> {
  const nodeId = index.get(from);
  return from === to || nodeId === undefined ? index : index.delete(from).set(to, nodeId);
}

/** Gateways keep its id until their owner changes them. Addresses that services are published on stay held. */
function removed(state: NetworkState, nodeId: string, { at, version }: { at: string; version: number }): Changes {
  const node = state.nodes.get(nodeId);
  if (!node) return {};
  const published = new Set(state.publications.valueSeq().map(({ mesh }) => mesh.address));
  const freed = node.addresses.filter((address) => !published.has(address));
  return {
    nodes: state.nodes.delete(nodeId),
    nodeIdByName: state.nodeIdByName.delete(node.name),
    nodeIdByPublicKey: keysOf(node).reduce((index, key) => index.delete(key), state.nodeIdByPublicKey),
    nodeIdByControlKey: state.nodeIdByControlKey.delete(node.controlKey),
    nodeIdByNatsKey: state.nodeIdByNatsKey.delete(node.natsKey),
    ...inPools(state, (pool) => freed.reduce((rest, address) => release(rest, address, at), pool)),
    clusters: withoutMember(state.clusters, nodeId, version),
    ...withoutNode(state, nodeId),
    removedNodes: forgetOld(state.removedNodes, at).set(nodeId, { natsKey: node.natsKey, at }),
  };
}

const FORGET_EVERY_MS = 24 * 60 * 60 * 1000;

function forgetOld(removedNodes: OrderedMap<string, RemovedNode>, at: string): OrderedMap<string, RemovedNode> {
  const oldest = Date.parse(at) - REMOVED_NODES_KEPT_MS;
  const [first] = removedNodes.values();
  // A day at a time: looking through all of them at every removal would cost more than it saves.
  if (!first || Date.parse(first.at) >= oldest - FORGET_EVERY_MS) return removedNodes;
  return removedNodes.filter((node) => Date.parse(node.at) >= oldest);
}
