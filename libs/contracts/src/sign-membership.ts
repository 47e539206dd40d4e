import { type Delegation, delegationText } from './delegation.js';
import type { Signer } from './ed25519.js';
import {
  type LockChange,
  type LockEntry,
  lockHash,
  lockText,
  type MemberRecord,
  type MemberSignature,
  memberText,
} from './membership-lock.js';

/** What an operator, or a node that joins, does on a machine of its own: nothing here is ever called by the control plane. */

export function signMember(record: MemberRecord, key: Signer): MemberSignature {
  const signature = key.sign(memberText(record));
  return { ...(record.mayCarry && { mayCarry: true }), by: key.publicKey, signature };
}

export const signLock = (change: LockChange, key: Signer): LockEntry => ({
  ...change,
  by: key.publicKey,
  signature: key.sign(lockText(change)),
});

/** The change that follows an entry; whatever is not named stays. */
export function changeAfter(
  before: LockEntry,
  changes: Partial<Pick<LockChange, 'keys' | 'disablement' | 'revoked'>>,
): LockChange {
  const { networkId, ranges, keys, disablement, revoked = [] } = { ...before, ...changes };
  const change = { networkId, serial: before.serial + 1, previous: lockHash(before), ranges };
  const gone = revoked.length > 0 && { revoked: [...new Set(revoked)].sort() };
  return { ...change, keys: [...keys].sort(), disablement, ...gone };
}

/** Lets a key sign the nodes that join with an enrolment token. */
export function delegate(limits: Omit<Delegation, 'by' | 'signature'>, key: Signer): Delegation {
  return { ...limits, by: key.publicKey, signature: key.sign(delegationText(limits)) };
}

/** What a node that joins with such a token signs of itself. */
export const signOwnMembership = (
  record: Omit<MemberRecord, 'networkId' | 'mayCarry'>,
  delegation: Delegation,
  key: Signer,
): MemberSignature => ({
  ...signMember({ ...record, networkId: delegation.networkId, mayCarry: false }, key),
  delegation,
});
