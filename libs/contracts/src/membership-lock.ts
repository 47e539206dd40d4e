import { canonicalJson, sha256Hex } from './canonical.js';
import type { Delegation } from './delegation.js';
import { isSignature, isSigningKey, type VerifyText } from './ed25519.js';
import { isId } from './names.js';

/**
 * Signed membership (docs/adr, docs/security.md): operators sign who is a member with keys that the control plane never
 * has, and agents take no peer without. Which operators' keys count is a chain of entries, each signed by a key that the
 * entry before it trusts.
 */

/** Who may use which addresses of the mesh. What is signed of a node, an external client or a published service. */
export interface MemberRecord {
  networkId: string;
  /** Id of the node, client or publication. */
  memberId: string;
  /** WireGuard public key; null: an address of a service, which nobody has a tunnel for. */
  publicKey: string | null;
  /** Host addresses without prefix length, in the order of the log. */
  addresses: string[];
  /** Others may be reached through it: a relay, a member of a gateway. */
  mayCarry: boolean;
}

export interface MemberSignature {
  /** As it was signed; absent: false. */
  mayCarry?: true;
  /** Public half of the operator's key. */
  by: string;
  /** Over `memberText`, base64. */
  signature: string;
  /** Signed by the node itself with the key in its enrolment token: `by` is that key, which an operator signed. */
  delegation?: Delegation;
}

/** Which keys count from now on. */
export interface LockChange {
  networkId: string;
  /** Counts 1, 2, 3…: an older entry never takes the place of a newer one. */
  serial: number;
  /** `lockHash` of the entry before; null for the first. */
  previous: string | null;
  /** Ranges of the mesh: inside them, only addresses that were signed count. They never change. */
  ranges: string[];
  /** Public halves of the operators' keys, sorted; none: the lock is off. */
  keys: string[];
  /** SHA-256, hex, of the secret that takes the lock off when all keys are lost; as long as the lock is on it stays. */
  disablement: string;
  /** Ids of enrolment keys that operators signed and count no more, sorted; absent: none. */
  revoked?: string[];
}

/** A change and what makes it good: a trusted key's signature over `lockText`, or the secret. */
export type LockEntry = LockChange & ({ by: string; signature: string } | { secret: string });

export const MOST_LOCK_KEYS = 8;
/** Agents get all entries: a network that changes its keys so often needs another way to keep them. */
export const MOST_LOCK_ENTRIES = 64;
export const MOST_REVOKED = 64;

/** Each kind of text that is signed begins in its own way, so that one never stands for another. */
export const memberText = ({ networkId, memberId, publicKey, addresses, mayCarry }: MemberRecord): string =>
  `tombolo member 1\n${canonicalJson({ networkId, memberId, publicKey, addresses, mayCarry })}`;

export const lockText = ({ networkId, serial, previous, ranges, keys, disablement, revoked }: LockChange): string =>
  `tombolo lock 1\n${canonicalJson({ networkId, serial, previous, ranges, keys, disablement, ...(revoked && { revoked }) })}`;

/** Names an entry and, through `previous`, all before it. That of the first entry is the fingerprint of a network's lock. */
export const lockHash = (entry: LockEntry): string => sha256Hex(canonicalJson(entry));

export const disablementOf = (secret: string): string => sha256Hex(`tombolo unlock 1\n${secret}`);

/** Whether peers need a signature. */
export const isLockOn = (entry: LockEntry | undefined): entry is LockEntry => (entry?.keys.length ?? 0) > 0;

export type LockStep = { outcome: 'good' } | { outcome: 'bad'; why: string };

/**
 * Whether an entry may follow another. The first one, and one after the lock was off, vouch for themselves: whoever sees
 * them trusts them on first use.
 *
 * @param before undefined: there is none
 */
export function lockStep(before: LockEntry | undefined, next: LockEntry, verify: VerifyText): LockStep {
  const bad = (why: string): LockStep => ({ outcome: 'bad', why });
  const serial = (before?.serial ?? 0) + 1;
  if (next.serial !== serial) return bad(`its serial is ${next.serial}, not ${serial}`);
  if (next.previous !== (before ? lockHash(before) : null)) return bad('it follows from another entry');
  if (before && next.networkId !== before.networkId) return bad('it is of another network');
  if (before && canonicalJson(next.ranges) !== canonicalJson(before.ranges)) return bad('it changes the ranges');
  const wasOn = isLockOn(before);
  const isOn = next.keys.length > 0;
  if (wasOn && next.disablement !== before.disablement) return bad('it changes the disablement secret');
  if (!wasOn && !isOn) return bad('it names no key');
  if ('secret' in next)
    return wasOn && !isOn && disablementOf(next.secret) === before.disablement
      ? { outcome: 'good' }
      : bad('its secret is not the one that takes this lock off');
  if (!(wasOn ? before : next).keys.includes(next.by)) return bad(`${next.by} is no trusted key`);
  return verify(lockText(next), next.signature, next.by) ? { outcome: 'good' } : bad('its signature is not good');
}

/** What an agent or an operator remembers of a network's lock, so that nobody can take it back. */
export interface LockPin {
  /** `lockHash` of the first entry, where it is known; null: whichever comes first. */
  fingerprint: string | null;
  /** The newest entry that was seen. */
  entry: LockEntry | null;
}

export const NO_PIN: LockPin = { fingerprint: null, entry: null };

/** @returns the pin after a chain was seen, the same one if nothing is new; `problem`: why the chain was not believed */
export function followLock(pin: LockPin, chain: unknown, verify: VerifyText): { pin: LockPin; problem?: string } {
  const entries = readLockChain(chain);
  if (!entries) return { pin, problem: 'it is damaged' };
  const [first] = entries;
  if (pin.fingerprint !== null && first && lockHash(first) !== pin.fingerprint)
    return { pin, problem: 'it is not the lock that was pinned when this node joined' };
  const known = pin.entry;
  if (known) {
    const same = entries[known.serial - 1];
    if (!same) return { pin, problem: `it ends before entry ${known.serial}, which is known here` };
    if (lockHash(same) !== lockHash(known))
      return { pin, problem: `its entry ${known.serial} is another one than is known here` };
  }
  let before = known ?? undefined;
  for (const next of entries.slice(known?.serial ?? 0)) {
    const step = lockStep(before, next, verify);
    if (step.outcome === 'bad') return { pin, problem: `entry ${next.serial} does not count: ${step.why}` };
    before = next;
  }
  if (!first || !before || before === known) return { pin };
  return { pin: { fingerprint: lockHash(first), entry: before } };
}

/** @returns undefined when anything but a list of entries */
export function readLockChain(value: unknown): LockEntry[] | undefined {
  if (!Array.isArray(value) || value.length > MOST_LOCK_ENTRIES) return undefined;
  const entries = value.map(readLockEntry);
  return entries.every((entry) => entry !== undefined) ? entries : undefined;
}

/** Known fields only, each as it must be. @returns undefined when it is no entry */
export function readLockEntry(value: unknown): LockEntry | undefined {
  const { networkId, serial, previous, ranges, keys, disablement, revoked, by, signature, secret } = Object(
    value,
  ) as Record<string, unknown>;
  if (!isId(networkId) || typeof serial !== 'number' || !Number.isSafeInteger(serial) || serial < 1) return undefined;
  if (previous !== null && !isHash(previous)) return undefined;
  if (!isTexts(ranges, 2) || !isTexts(keys, MOST_LOCK_KEYS) || !isHash(disablement)) return undefined;
  if (!keys.every(isSigningKey) || !isSorted(keys)) return undefined;
  if (revoked !== undefined && !(isTexts(revoked, MOST_REVOKED) && revoked.every(isId) && isSorted(revoked)))
    return undefined;
  const change = { networkId, serial, previous, ranges, keys, disablement, ...(revoked && { revoked }) };
  if (typeof secret === 'string')
    return by === undefined && signature === undefined && isSecret(secret) ? { ...change, secret } : undefined;
  return isSigningKey(by) && isSignature(signature) ? { ...change, by, signature } : undefined;
}

/** As `lock init` makes it: 256 bits, base64url. */
export const isSecret = (value: string): boolean => /^[A-Za-z0-9_-]{43}$/.test(value);

const isSorted = (texts: string[]) => texts.every((text, at) => at === 0 || text > (texts[at - 1] ?? ''));
const isHash = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const isTexts = (value: unknown, most: number): value is string[] =>
  Array.isArray(value) && value.length <= most && value.every((each) => typeof each === 'string' && each.length <= 64);
