import {
  resourceHash,
  type InterfaceResource,
  type KeyOrder,
  type LockResource,
  type Resource,
  type RouteResource,
} from '#contracts/node-stream.js';
import { hostPrefix } from '#ipam/prefix.js';
import type { LockEntry, MemberSignature } from '#contracts/membership-lock.js';
import type { KeyRotation, MemberSigned, NetworkInfo, NodeState } from '#topology/network-state.js';
import type { Extras } from './gateways/own-extras.js';
import type { LiveState } from './members.js';
import { isCallable, offersPublic } from './paths/reach.js';

interface KnownInterface {
  network: NetworkInfo;
  isBehindNat: boolean;
  forwards: boolean;
  resource: InterfaceResource;
}

/** What becomes of a node state and the rest that an interface depends on is the same object, so that it is hashed once. */
const interfaces = new WeakMap<NodeState, KnownInterface>();

/** A node's own interface. Keepalive (rule 5) only where others cannot call it at what it offers. */
export function interfaceResource(state: LiveState, node: NodeState, { forward }: Extras): InterfaceResource {
  const { network } = state;
  const isBehindNat = !isCallable(state, node) || !offersPublic(state, node);
  const forwards = forward || state.relays.has(node.nodeId);
  let known = interfaces.get(node);
  if (known?.network !== network || known.isBehindNat !== isBehindNat || known.forwards !== forwards) {
    const resource = makeInterface(node, { network, isBehindNat, forwards });
    interfaces.set(node, (known = { network, isBehindNat, forwards, resource }));
  }
  return known.resource;
}

function makeInterface(
  node: NodeState,
  { network, isBehindNat, forwards }: Omit<KnownInterface, 'resource'>,
): InterfaceResource {
  return {
    name: 'interface',
    network: network.name,
    node: node.name,
    addresses: node.addresses.map(hostPrefix),
    mtu: network.mtu,
    keepalive: isBehindNat && network.keepalive > 0 ? network.keepalive : null,
    ...(forwards && { forward: true }),
    ...(node.keyRotation && { key: keyOrder(node.publicKey, node.keyRotation) }),
    ...(node.signed && { signed: signatureOf(node.signed) }),
  };
}

function keyOrder(current: string, rotation: KeyRotation): KeyOrder {
  switch (rotation.step) {
    case 'requested':
      return { current, wanted: rotation.version };
    case 'offered':
      return { current, next: rotation.publicKey };
    case 'done':
      return { current };
    default:
      return rotation satisfies never;
  }
}

export const signatureOf = ({ version: _version, ...said }: MemberSigned): MemberSignature => said;

const locks = new WeakMap<readonly LockEntry[], LockResource>();

/** Which operators' keys count, once there is a lock; one object for all. */
export function lockResources({ lock }: LiveState): readonly LockResource[] {
  if (lock.length === 0) return [];
  let known = locks.get(lock);
  if (!known) locks.set(lock, (known = { name: 'lock', chain: lock }));
  return [known];
}

const routes = new WeakMap<NetworkInfo, RouteResource[]>();

/** The ranges of the mesh, reached through the interface. */
export function routeResources(network: NetworkInfo): readonly RouteResource[] {
  let known = routes.get(network);
  if (!known) {
    const ranges = [network.cidr, network.cidr6].filter((cidr) => cidr !== null);
    routes.set(network, (known = ranges.map((cidr) => ({ name: `route/${cidr}`, cidr }))));
  }
  return known;
}

const hashes = new WeakMap<Resource, bigint>();

/** `resourceHash`, worked out once per body. */
export function hashOf(resource: Resource): bigint {
  let hash = hashes.get(resource);
  if (hash === undefined) hashes.set(resource, (hash = resourceHash(resource)));
  return hash;
}

/** Order of resources in every output: by name, in code units. */
export function byName(a: Resource, b: Resource): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
