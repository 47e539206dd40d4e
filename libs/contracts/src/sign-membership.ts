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

/** What an operator does, on a machine of its own: nothing here is ever called by the control plane. */

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
export function changeAfter(before: LockEntry, changes: Partial<Pick<LockChange, 'keys' | 'disablement'>>): LockChange {
  const { networkId, ranges, keys, disablement } = { ...before, ...changes };
  const serial = before.serial + 1;
  return { networkId, serial, previous: lockHash(before), ranges, keys: [...keys].sort(), disablement };
}
