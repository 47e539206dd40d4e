import type { ActivationReason } from '#contracts/gateway-facts.js';
import { isGood, isHeard, type MemberHealth } from './member-health.js';

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

/** A preferred member must have been good for so long before it takes back: no flapping. */
export const RETURN_AFTER_MS = 30_000;

/**
 * Who shall serve instead of who does; null: all is well, or no other is better. A member of which nothing is known
 * keeps its place, but takes nobody else's unless there is no active one at all.
 *
 * @param health by node id; a member without an entry is unknown
 * @param now ISO 8601 UTC
 */
export function chooseActive(
  { active, members, draining, absent }: Election,
  health: ReadonlyMap<string, MemberHealth>,
  now: string,
): Choice | null {
  const present = members.filter((id) => !absent.includes(id));
  const good = present.filter((id) => isGood(health.get(id), now));
  const best = (ids: string[]) => ids.find((id) => !draining.includes(id)) ?? ids[0] ?? null;
  if (active === null || !present.includes(active)) {
    const unknown = present.filter((id) => !health.has(id));
    const next = best(good) ?? best(unknown) ?? best(present);
    if (next === active) return null;
    return {
      active: next,
      reason: active === null ? 'preferred' : members.includes(active) ? 'host lost' : 'member removed',
    };
  }
  const others = good.filter((id) => id !== active);
  const staying = others.find((id) => !draining.includes(id));
  if (draining.includes(active) && staying !== undefined) return { active: staying, reason: 'drained' };
  const own = health.get(active);
  if (own && !isGood(own, now)) {
    const next = best(others);
    return next === null ? null : { active: next, reason: isHeard(own, now) ? 'probe failed' : 'host lost' };
  }
  const preferred = others.find((id) => !draining.includes(id) && goodForLong(health.get(id)!, now));
  if (preferred === undefined || members.indexOf(preferred) > members.indexOf(active)) return null;
  return { active: preferred, reason: 'preferred' };
}

const goodForLong = ({ goodSince }: MemberHealth, now: string) =>
  goodSince !== null && Date.parse(now) - Date.parse(goodSince) >= RETURN_AFTER_MS;
