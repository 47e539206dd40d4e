import { isLockOn, type LockEntry, lockHash } from '#contracts/membership-lock.js';
import { isSigned, lockMembers, lockOf, type LockMember, type Waiting, waitsFor } from './lock-members.js';
import type { NetworkState } from './network-state.js';

/** What the API shows of a network's lock. Everything in it can be checked against the operators' keys. */
export interface LockView {
  networkId: string;
  /** Members need a signature. */
  on: boolean;
  /** Names this lock for ever; null: there never was one. */
  fingerprint: string | null;
  /** Of the newest entry; 0: there is none. */
  serial: number;
  /** Ranges that the first entry has to name. */
  ranges: string[];
  keys: string[];
  chain: readonly LockEntry[];
  members: number;
  /** Members without a signature that counts; while the lock is off: nobody. */
  waiting: number;
}

export interface LockMemberView {
  kind: LockMember['kind'];
  memberId: string;
  name: string;
  publicKey: string | null;
  addresses: string[];
  mayCarry: boolean;
  /** The operator's key, whether it counts or not; null: nobody signed it. */
  signedBy: string | null;
  /** It was signed that others may be reached through it. */
  signedToCarry: boolean;
  /** By a key that counts; while the lock is off: by anybody. */
  signed: boolean;
  /** Why it is not signed; null: it is, or the lock is off. */
  waitsFor: Waiting | null;
  version: number;
}

export function lockView(state: NetworkState): LockView {
  const { lock: chain, network } = state;
  const [first] = chain;
  const newest = chain.at(-1);
  const members = lockMembers(state);
  const lock = lockOf(state);
  return {
    networkId: network?.networkId ?? '',
    on: isLockOn(newest),
    fingerprint: first ? lockHash(first) : null,
    serial: newest?.serial ?? 0,
    ranges: lockRanges(state),
    keys: newest?.keys ?? [],
    chain,
    members: members.length,
    waiting: lock ? members.filter((member) => !isSigned(lock, member)).length : 0,
  };
}

/** Of the mesh. */
export const lockRanges = ({ network }: NetworkState): string[] =>
  [network?.cidr, network?.cidr6].flatMap((cidr) => cidr ?? []);

export function lockMemberView(state: NetworkState, member: LockMember): LockMemberView {
  const { kind, name, record, signed, version } = member;
  const { memberId, publicKey, addresses, mayCarry } = record;
  const lock = lockOf(state);
  return {
    ...{ kind, memberId, name, publicKey, addresses, mayCarry },
    signedBy: signed?.by ?? null,
    signedToCarry: signed?.mayCarry === true,
    signed: lock ? isSigned(lock, member) : signed !== undefined,
    waitsFor: lock ? waitsFor(lock, member) : null,
    version,
  };
}
