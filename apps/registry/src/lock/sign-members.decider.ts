import type { Decision } from '#contracts/decision.js';
import { type Delegation, isOver, whyNotDelegated } from '#contracts/delegation.js';
import type { VerifyText } from '#contracts/ed25519.js';
import { Refusal, type FieldError } from '#contracts/errors.js';
import type { NetworkFact } from '#contracts/facts.js';
import { type LockEntry, memberText } from '#contracts/membership-lock.js';
import { type CommandMeta, factsOf } from '#topology/command.js';
import { refuseInvalid } from '#topology/fields.js';
import { lockMembers, lockOf, type LockMember } from '#topology/lock-members.js';
import { networkOf } from '#topology/lookup.js';
import type { NetworkState } from '#topology/network-state.js';

/** What an operator's machine signed of one member. */
export interface SignedMember {
  memberId: string;
  /** The key that was signed; null for the address of a service. */
  publicKey: string | null;
  mayCarry?: boolean;
  by: string;
  signature: string;
  delegation?: Delegation;
}

export interface SignMembers extends CommandMeta {
  signatures: SignedMember[];
  verify: VerifyText;
}

/**
 * Takes signatures of members; before there is a lock too, so that it may come when all are signed. What is known already makes no
 * fact. Answer: `{recorded, gone}`, the ids of members that are no more or have another key meanwhile.
 * @throws Refusal `not_found`, `invalid`, `lock_refused`
 */
export function decideSignMembers({ signatures, verify, ...command }: SignMembers, state: NetworkState): Decision {
  networkOf(state);
  const lock = lockOf(state);
  const members = new Map(lockMembers(state).map((member) => [keyOf(member.record), member]));
  const gone: string[] = [];
  const errors: FieldError[] = [];
  const facts = signatures.flatMap((signed, at): NetworkFact[] => {
    const { memberId, publicKey, mayCarry = false, by, signature, delegation } = signed;
    const member = members.get(keyOf({ memberId, publicKey }));
    if (!member) gone.push(memberId);
    if (!member || isKnown(member, { by, signature })) return [];
    if (delegation) refuseDelegated({ ...signed, delegation }, member, { state, lock, verify, at: command.at });
    else if (lock && !lock.keys.includes(by))
      throw new Refusal('lock_refused', `${by} is no key that counts; one that does can add it: tombolo lock add`);
    if (!verify(memberText({ ...member.record, mayCarry }), signature, by))
      errors.push({ field: `signatures[${at}].signature`, message: `is not by ${by} for "${member.name}" as it is` });
    const said = { ...(mayCarry && { mayCarry }), by, signature, ...(delegation && { delegation }) };
    return [{ type: 'MemberSigned', data: { memberId, publicKey, ...said } }];
  });
  refuseInvalid(errors);
  return { facts: factsOf(command, ...facts), answer: { recorded: facts.length, gone } };
}

const keyOf = ({ memberId, publicKey }: Pick<SignedMember, 'memberId' | 'publicKey'>) => `${memberId} ${publicKey}`;

const isKnown = ({ signed }: LockMember, { by, signature }: Pick<SignedMember, 'by' | 'signature'>) =>
  signed?.by === by && signed.signature === signature;

interface DelegatedIn {
  state: NetworkState;
  lock: LockEntry | undefined;
  verify: VerifyText;
  at: string;
}

/** A node with the key in its enrolment token signs itself and nothing else. Agents look at all of it again but for the enrolment key. */
function refuseDelegated(
  { memberId, by, mayCarry, delegation }: SignedMember & { delegation: Delegation },
  { kind, name, signed }: LockMember,
  { state, lock, verify, at }: DelegatedIn,
): void {
  const refused = (why: string) => new Refusal('lock_refused', `"${name}" cannot sign itself: ${why}`);
  if (!lock) throw refused('there is no lock');
  if (kind !== 'node' || mayCarry)
    throw refused('an operator must sign keys on offer, clients, services and who carries others');
  if (signed && !signed.delegation) throw refused('an operator has signed it');
  if (delegation.publicKey !== by) throw refused('what an operator signed is another key');
  const { keyId } = delegation;
  if (state.nodes.get(memberId)?.keyId !== keyId) throw refused('it joined with another enrolment key');
  if (state.keys.get(keyId)?.revoked) throw refused('its enrolment key is revoked');
  if (isOver(delegation, at)) throw refused(`its enrolment key could sign until ${delegation.until}`);
  const why = whyNotDelegated(lock, delegation, verify);
  if (why !== undefined) throw refused(why);
}
