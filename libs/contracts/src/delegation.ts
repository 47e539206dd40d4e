import { canonicalJson } from './canonical.js';
import { isSignature, isSigningKey, type VerifyText } from './ed25519.js';
import type { LockEntry } from './membership-lock.js';
import { isId } from './names.js';

/**
 * An operator lets whoever holds an enrolment token sign one thing: the record of the node that joins with it. The secret
 * half of `publicKey` is in the token and nowhere else (docs/adr, operators sign enrolment keys).
 */
export interface Delegation {
  networkId: string;
  /** The enrolment key: what a lock revokes it by. */
  keyId: string;
  /** Ed25519, base64. */
  publicKey: string;
  /** ISO 8601 UTC. What it signed counts until then, by the clock of whoever looks. */
  until: string;
  /** Public half of the operator's key. */
  by: string;
  /** Over `delegationText`, base64. */
  signature: string;
}

/** Members that an operator has not looked at do not stay for ever. */
export const LONGEST_DELEGATION_DAYS = 90;

/** Begins in its own way, as every kind of text that is signed. */
export const delegationText = ({ networkId, keyId, publicKey, until }: Omit<Delegation, 'by' | 'signature'>): string =>
  `tombolo delegation 1\n${canonicalJson({ networkId, keyId, publicKey, until })}`;

/** Known fields only, each as it must be. @returns undefined when it is none */
export function readDelegation(value: unknown): Delegation | undefined {
  const { networkId, keyId, publicKey, until, by, signature } = Object(value) as Record<string, unknown>;
  if (!isId(networkId) || !isId(keyId) || !isSigningKey(publicKey) || !isTime(until)) return undefined;
  if (!isSigningKey(by) || !isSignature(signature)) return undefined;
  return { networkId, keyId, publicKey, until, by, signature };
}

/** Whether a lock lets a delegation count, for as long as it lasts. @returns why not */
export function whyNotDelegated(lock: LockEntry, delegation: Delegation, verify: VerifyText): string | undefined {
  const { networkId, keyId, by, signature } = delegation;
  if (networkId !== lock.networkId) return 'the enrolment key that it was signed with is of another network';
  if (!lock.keys.includes(by))
    return 'the enrolment key that it was signed with is signed with a key that does not count';
  if (lock.revoked?.includes(keyId)) return 'the enrolment key that it was signed with was revoked by an operator';
  if (!verify(delegationText(delegation), signature, by))
    return 'the enrolment key that it was signed with is not what an operator signed';
  return undefined;
}

/** Whether it counts no more. @param now ISO 8601 UTC */
export const isOver = ({ until }: Pick<Delegation, 'until'>, now: string): boolean => until <= now;

/** As `Date.toISOString` writes it, so that the order of the texts is that of the times. */
const isTime = (value: unknown): value is string =>
  typeof value === 'string' &&
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) &&
  !Number.isNaN(Date.parse(value));
