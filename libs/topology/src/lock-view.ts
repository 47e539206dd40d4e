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
  /** Ids of enrolment keys that operators signed, and took back. */
  revoked: string[];
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
  /** It signed itself with an enrolment key that the operator signed: until when that counts, ISO 8601. null: an operator signed it. */
  until: string | null;
  /** That enrolment key; null: it did not. */
  keyId: string | null;
  /** It was signed that others may be reached through it. */
  signedToCarry: boolean;
  /** By a key that counts; while the lock is off: by anybody. */
  signed: boolean;
  /** Why it is not signed; null: it is, or the lock is off. */
  waitsFor: Waiting | null;
  version: number;
}

/** @param now ISO 8601 UTC */
export function lockView(state: NetworkState, now: string): LockView {
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
    revoked: newest?.revoked ?? [],
    chain,
    members: members.length,
    waiting: lock ? members.filter((member) => !isSigned(lock, member, now)).length : 0,
  };
}

/** Of the mesh. */
export const lockRanges = ({ network }: NetworkState): string[] =>
  [network?.cidr, network?.cidr6].flatMap((cidr) => cidr ?? []);

export function lockMemberView(state: NetworkState, member: LockMember, now: string): LockMemberView {
  const { kind, name, record, signed, version } = member;
  const { memberId, publicKey, addresses, mayCarry } = record;
  const lock = lockOf(state);
  return {
    ...{ kind, memberId, name, publicKey, addresses, mayCarry },
    signedBy: signed?.delegation?.by ?? signed?.by ?? null,
    until: signed?.delegation?.until ?? null,
    keyId: signed?.delegation?.keyId ?? null,
    signedToCarry: signed?.mayCarry === true,
    signed: lock ? isSigned(lock, member, now) : signed !== undefined,
    waitsFor: lock ? waitsFor(lock, member, now) : null,
    version,
  };
}
