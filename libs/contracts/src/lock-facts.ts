import type { LockEntry, MemberSignature } from './membership-lock.js';

/** Owner: registry. What operators signed, as they sent it. */
export type LockFact =
  /** Which operators' keys count from now on. */
  | { type: 'LockChanged'; data: { entry: LockEntry } }
  /** `publicKey`: the WireGuard key that was signed, in use or on offer; null: an address of a service. */
  | { type: 'MemberSigned'; data: { memberId: string; publicKey: string | null } & MemberSignature };
