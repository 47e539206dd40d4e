import { canonicalJson } from '#contracts/canonical.js';
import type { Decision } from '#contracts/decision.js';
import type { VerifyText } from '#contracts/ed25519.js';
import { Refusal } from '#contracts/errors.js';
import { lockHash, lockStep, MOST_LOCK_ENTRIES, readLockEntry } from '#contracts/membership-lock.js';
import { type CommandMeta, factsOf, foldNew } from '#topology/command.js';
import { lockRanges, lockView } from '#topology/lock-view.js';
import { networkOf } from '#topology/lookup.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';

export interface ChangeLock extends CommandMeta {
  /** As an operator's machine signed it. */
  entry: unknown;
  verify: VerifyText;
}

/**
 * Takes the next entry of the lock. Agents look at it again: a registry that took any would gain nothing by it. The same entry
 * again makes no fact. Answer: LockView.
 * @throws Refusal `not_found`, `invalid`, `lock_refused`
 */
export function decideChangeLock(command: ChangeLock, state: NetworkState): Decision {
  const { networkId } = networkOf(state);
  const entry = readLockEntry(command.entry);
  if (!entry) throw invalid('entry', 'is not an entry of a lock: let "tombolo lock" make it');
  const newest = state.lock.at(-1);
  if (newest && lockHash(newest) === lockHash(entry)) return { facts: [], answer: lockView(state, command.at) };
  if (entry.networkId !== networkId) throw invalid('entry.networkId', `must be ${networkId}, the id of this network`);
  const ranges = lockRanges(state);
  if (canonicalJson(entry.ranges) !== canonicalJson(ranges))
    throw invalid('entry.ranges', `must be the ranges of this network: ${ranges.join(', ')}`);
  if (state.lock.length >= MOST_LOCK_ENTRIES)
    throw new Refusal('lock_refused', `this lock has ${MOST_LOCK_ENTRIES} entries, the most there can be`);
  const step = lockStep(newest, entry, command.verify);
  if (step.outcome === 'bad')
    throw new Refusal(
      'lock_refused',
      `entry ${entry.serial} does not follow: ${step.why}; read the lock and sign again`,
    );
  const facts = factsOf(command, { type: 'LockChanged', data: { entry } });
  return { facts, answer: lockView(foldNew(networkFold, state, facts), command.at) };
}

const invalid = (field: string, message: string) => new Refusal('invalid', `${field} ${message}`, [{ field, message }]);
