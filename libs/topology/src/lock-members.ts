import { isOver } from '#contracts/delegation.js';
import { isLockOn, type LockEntry, type MemberRecord } from '#contracts/membership-lock.js';
import { readAddress } from '#ipam/address.js';
import { contains, parsePrefix } from '#ipam/prefix.js';
import type { MemberSigned, NetworkState, NodeState } from './network-state.js';

/** Something that operators sign: a node, the key that a node is about to have, a client, an address of a service. */
export interface LockMember {
  kind: 'node' | 'next key' | 'client' | 'service';
  /** For people. */
  name: string;
  record: MemberRecord;
  signed: MemberSigned | undefined;
  /** Log version since which it is as it is. */
  version: number;
}

/** The entry that counts now; undefined while the lock is off. */
export function lockOf({ lock }: NetworkState): LockEntry | undefined {
  const newest = lock.at(-1);
  return isLockOn(newest) ? newest : undefined;
}

/** Whether it has a signature by a key that counts, also for others to be reached through it. That it fits was looked at when it came. */
export const isSigned = (lock: LockEntry, member: LockMember, now: string): boolean =>
  waitsFor(lock, member, now) === null;

/**
 * What a member waits for: nobody signed it, whoever did counts no more (`key expired`: the enrolment key that it signed itself
 * with), or it was signed before others were to be reached through it.
 */
export type Waiting = 'never signed' | 'key removed' | 'key expired' | 'not to carry';

/** @param now ISO 8601 UTC @returns null: it has a signature that counts */
export function waitsFor(lock: LockEntry, { record, signed }: LockMember, now: string): Waiting | null {
  if (!signed) return 'never signed';
  const { by, delegation, mayCarry } = signed;
  const isRevoked = delegation !== undefined && lock.revoked?.includes(delegation.keyId) === true;
  if (isRevoked || !lock.keys.includes(delegation?.by ?? by)) return 'key removed';
  if (delegation && isOver(delegation, now)) return 'key expired';
  return record.mayCarry && !mayCarry ? 'not to carry' : null;
}

/** Everything of a network that needs a signature while there is a lock, nodes first, each kind by name. */
export function lockMembers(state: NetworkState): LockMember[] {
  const nodes = byName([...state.nodes.values()]);
  const carriers = carriersOf(state);
  return [
    ...nodes.flatMap((node) => membersOf(state, node, carriers)),
    ...byName([...state.clients.values()]).map(({ clientId, name, publicKey, addresses, signed, version }) => ({
      kind: 'client' as const,
      name,
      record: recordOf(state, { memberId: clientId, publicKey, addresses, mayCarry: false }),
      signed,
      version,
    })),
    ...services(state),
  ];
}

/** Whether nothing stands in the way of a key on offer: no lock, or it is signed as the node's own key must be, which only operators do. */
export function mayTakeNextKey(state: NetworkState, node: NodeState): boolean {
  const lock = lockOf(state);
  const next = membersOf(state, node, carriersOf(state)).find(({ kind }) => kind === 'next key');
  return !lock || (next !== undefined && isSigned(lock, next, ''));
}

/** Ids of the nodes through which others are reached, or will be when it is their turn. */
function carriersOf({ relays, gateways }: NetworkState): ReadonlySet<string> {
  return new Set([...relays.keys(), ...[...gateways.values()].flatMap(({ members }) => members)]);
}

function membersOf(state: NetworkState, node: NodeState, carriers: ReadonlySet<string>): LockMember[] {
  const { nodeId: memberId, name, publicKey, addresses, keyRotation, signed, nextSigned, version } = node;
  const record = recordOf(state, { memberId, publicKey, addresses, mayCarry: carriers.has(memberId) });
  const own: LockMember = { kind: 'node', name, record, signed, version };
  if (keyRotation?.step !== 'offered') return [own];
  const next = { ...record, publicKey: keyRotation.publicKey };
  return [own, { kind: 'next key', name, record: next, signed: nextSigned, version: keyRotation.version }];
}

/** Addresses that nodes lend are those of the nodes. */
function services(state: NetworkState): LockMember[] {
  const { network, publications, nodes } = state;
  const ranges = [network?.cidr, network?.cidr6].flatMap((cidr) => (cidr ? [parsePrefix(cidr)] : []));
  const lent = new Set(publications.isEmpty() ? [] : [...nodes.values()].flatMap(({ addresses }) => addresses));
  const all = [...publications.values()].filter(({ mesh: { address } }) => {
    const literal = readAddress(address);
    return !lent.has(address) && literal && ranges.some((range) => contains(range, literal));
  });
  return all
    .sort((a, b) => (a.publicationId < b.publicationId ? -1 : 1))
    .map(({ publicationId: memberId, mesh, signed, version }) => ({
      kind: 'service' as const,
      name: `${mesh.address}:${mesh.port}`,
      record: recordOf(state, { memberId, publicKey: null, addresses: [mesh.address], mayCarry: false }),
      signed,
      version,
    }));
}

const recordOf = ({ network }: NetworkState, member: Omit<MemberRecord, 'networkId'>): MemberRecord => ({
  networkId: network?.networkId ?? '',
  ...member,
});

const byName = <Named extends { name: string }>(all: Named[]): Named[] =>
  all.sort((a, b) => (a.name < b.name ? -1 : 1));
