import type { ActivationReason } from '#contracts/gateway-facts.js';
import { conditionOf, goodFor, isStale, type MemberHealth } from './member-health.js';

/** Who may serve, as the facts say. */
export interface Election {
  active: string | null;
  /** Node ids in order of preference. */
  members: readonly string[];
  draining: readonly string[];
  /** Members that are no enabled nodes of the network. */
  absent: readonly string[];
}

export interface Choice {
  active: string | null;
  reason: ActivationReason;
}

/** When a choice is made, and how slowly. */
export interface Moment {
  /** Milliseconds of the clock that the members' health is told in. */
  now: number;
  /** How long a preferred member must have been good, and the active one active, before it takes back. */
  returnAfterMs: number;
  /** When this replica saw the newest choice; null: before it began. */
  activatedAt: number | null;
}

/** A member that takes over must have been good for so long, or two that fail in turns would toss the gateway to and fro. */
export const TRUSTED_AFTER_MS = 5_000;

/**
 * Who shall serve instead of who does; null: all is well, or no other is better. A member of which nothing is known
 * keeps its place, but takes nobody else's unless there is no active one at all.
 *
 * @param health by node id; a member without an entry is unknown
 */
export function chooseActive(
  { active, members, draining, absent }: Election,
  health: ReadonlyMap<string, MemberHealth>,
  { now, returnAfterMs, activatedAt }: Moment,
): Choice | null {
  const condition = (id: string) => conditionOf(health.get(id), now);
  const best = (ids: string[]) => ids.find((id) => !draining.includes(id)) ?? ids[0] ?? null;
  const present = members.filter((id) => !absent.includes(id));
  const good = present.filter((id) => condition(id) === 'good');
  if (active === null || !present.includes(active)) {
    const next = best(good) ?? best(present.filter((id) => condition(id) === 'unknown')) ?? best(present);
    if (next === active) return null;
    if (active === null) return { active: next, reason: 'preferred' };
    return { active: next, reason: members.includes(active) ? 'host lost' : 'member removed' };
  }

  const goodForLong = (ms: number) => good.filter((id) => id !== active && goodFor(health.get(id)!, now) >= ms);
  const trusted = goodForLong(TRUSTED_AFTER_MS);
  const next = best(trusted);
  const own = condition(active);
  if (own === 'silent' || own === 'failing')
    return next === null ? null : { active: next, reason: own === 'silent' ? 'host lost' : 'probe failed' };
  const staying = trusted.find((id) => !draining.includes(id));
  if (draining.includes(active) && staying !== undefined) return { active: staying, reason: 'drained' };
  // An idle gateway has old handshakes and so have its others: only the difference tells.
  const fresh = trusted.filter((id) => isStale(health.get(id), now) === false);
  const stale = isStale(health.get(active), now);
  if (stale && fresh.length > 0) return { active: best(fresh), reason: 'handshake stale' };
  // Another replica, which has left a member, may have heard less of it than this one: without a pause they would take turns.
  if (activatedAt !== null && now - activatedAt < returnAfterMs) return null;
  const preferred = goodForLong(Math.max(returnAfterMs, TRUSTED_AFTER_MS))
    .filter((id) => !draining.includes(id) && (stale !== false || !isStale(health.get(id), now)))
    .find((id) => members.indexOf(id) < members.indexOf(active));
  return preferred === undefined ? null : { active: preferred, reason: 'preferred' };
}
