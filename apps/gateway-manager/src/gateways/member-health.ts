/** What is known of one member of a gateway. Kept in memory: it becomes a fact only through a choice. Times are ISO 8601 UTC. */
export interface MemberHealth {
  /** The newest sign of life: a heartbeat, a report, a handshake; at first the time since which it is listened to. */
  heardAt: string;
  /** The first failed probe since the last good one; null: the last was good, or there was none. */
  failingSince: string | null;
  /** Since when it has been heard and has not failed; null: it fails. */
  goodSince: string | null;
}

/** Silence of this length means the host is lost. */
export const SILENCE_MS = 3000;
/** A probe must fail for so long, which is two tries a second apart: one lost packet moves nothing. */
export const FAILING_MS = 1000;

/** @param at when listening began */
export const newHealth = (at: string): MemberHealth => ({ heardAt: at, failingSince: null, goodSince: at });

/** A sign of life, which says nothing of what is behind the member. After a silence it begins to be good anew. */
export function heard(health: MemberHealth, at: string): MemberHealth {
  const silent = !isHeard(health, at);
  const goodSince = health.failingSince === null && silent ? at : health.goodSince;
  return { ...health, heardAt: later(health.heardAt, at), goodSince };
}

/** The outcome of a probe through the member, a sign of life too. */
export function probed(health: MemberHealth, { ok, at }: { ok: boolean; at: string }): MemberHealth {
  const alive = heard(health, at);
  if (!ok) return { ...alive, failingSince: alive.failingSince ?? at, goodSince: null };
  return { ...alive, failingSince: null, goodSince: alive.goodSince ?? at };
}

/** Heard lately, and not failing for longer than one lost packet explains. An unknown member is not good. */
export function isGood(health: MemberHealth | undefined, now: string): boolean {
  if (!health || !isHeard(health, now)) return false;
  return health.failingSince === null || since(health.failingSince, now) < FAILING_MS;
}

export const isHeard = ({ heardAt }: MemberHealth, now: string): boolean => since(heardAt, now) <= SILENCE_MS;

const since = (from: string, to: string) => Date.parse(to) - Date.parse(from);
const later = (a: string, b: string) => (Date.parse(a) > Date.parse(b) ? a : b);
