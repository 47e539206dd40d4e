import type { Decision } from '#contracts/decision.js';
import type { FieldError } from '#contracts/errors.js';
import type { Labels } from '#contracts/facts.js';
import { factsOf, foldNew, type CommandMeta, type GuardedCommand } from '#topology/command.js';
import { refuseInvalid, wholeNumberErrors } from '#topology/fields.js';
import { labelErrors, siteErrors } from '#topology/labels.js';
import { keyOf, networkOf, refuseStale } from '#topology/lookup.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState } from '#topology/network-state.js';
import { enrolmentKeyView } from '#topology/view.js';

export interface CreateEnrolmentKey extends CommandMeta {
  /** UUIDv7 */
  keyId: string;
  /** SHA-256 of the secret, hex: the secret itself never comes here. */
  secretHash: string;
  /** Enrolments it admits; null or left out: any number. */
  uses?: number | null;
  /** ISO 8601; null: never; left out: a day from now. */
  expiresAt?: string | null;
  /** Seconds; nodes of this key are removed after so long a silence. Null or left out: never. */
  ephemeralTtl?: number | null;
  labels?: Labels;
  site?: string | null;
}

export interface RevokeEnrolmentKey extends GuardedCommand {
  keyId: string;
}

const USES = [1, 1_000_000] as const;
/** Two heartbeats must fit in; a year is long enough to be no longer ephemeral. */
const TTL_SECONDS = [60, 365 * 24 * 3600] as const;
const DAY_MS = 24 * 3600 * 1000;
/** A calendar year, leap years included. */
const LONGEST_MS = 366 * DAY_MS;

/** Answer: EnrolmentKeyView. @throws Refusal `not_found`, `invalid` */
export function decideCreateEnrolmentKey(command: CreateEnrolmentKey, state: NetworkState): Decision {
  networkOf(state);
  const { keyId, secretHash, labels = {}, site = null } = command;
  const {
    uses = null,
    ephemeralTtl = null,
    expiresAt = new Date(Date.parse(command.at) + DAY_MS).toISOString(),
  } = command;
  refuseInvalid([
    ...wholeNumberErrors('uses', uses ?? undefined, USES),
    ...wholeNumberErrors('ephemeralTtl', ephemeralTtl ?? undefined, TTL_SECONDS),
    ...expiryErrors(expiresAt, command.at),
    ...labelErrors(labels),
    ...siteErrors(site),
  ]);
  const facts = factsOf(command, {
    type: 'EnrolmentKeyCreated',
    data: {
      keyId,
      secretHash,
      uses,
      expiresAt: expiresAt && new Date(expiresAt).toISOString(),
      ephemeralTtl,
      labels,
      site,
    },
  });
  return { facts, answer: enrolmentKeyView(keyOf(foldNew(networkFold, state, facts), keyId)) };
}

/** Answer: EnrolmentKeyView. Nodes that it admitted stay. @throws Refusal `not_found`, `version_mismatch` */
export function decideRevokeEnrolmentKey(command: RevokeEnrolmentKey, state: NetworkState): Decision {
  const { keyId } = command;
  const key = keyOf(state, keyId);
  refuseStale(command, key);
  const facts = key.revoked ? [] : factsOf(command, { type: 'EnrolmentKeyRevoked', data: { keyId } });
  return { facts, answer: enrolmentKeyView(keyOf(foldNew(networkFold, state, facts), keyId)) };
}

function expiryErrors(expiresAt: string | null, at: string): FieldError[] {
  if (expiresAt === null) return [];
  const left = Date.parse(expiresAt) - Date.parse(at);
  if (Number.isNaN(left)) return [{ field: 'expiresAt', message: 'must be a time such as 2027-01-31T12:00:00Z' }];
  if (left <= 0) return [{ field: 'expiresAt', message: `must lie in the future (it is ${at} now)` }];
  return left > LONGEST_MS ? [{ field: 'expiresAt', message: 'must be at most a year away' }] : [];
}
