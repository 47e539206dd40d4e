import type { GatewayProbe } from '#contracts/reports.js';

/**
 * What one replica knows of one member of a gateway. Kept in memory: it becomes a fact only through a choice. Times are
 * milliseconds of the replica's `ListeningClock`.
 */
export interface MemberHealth {
  /** Since when it is listened to. */
  since: number;
  /** The newest sign of life; null: no probe of it was heard since then. */
  heardAt: number | null;
  /** Probes failed in a row. */
  failures: number;
  /** Since when it has been heard and has not failed; null: it fails, or no probe has succeeded since it was silent. */
  goodSince: number | null;
  /** When its newest handshake with any peer was; null: none, or not told. */
  handshakeAt: number | null;
  /** What its newest probe said. */
  detail: string;
}

/**
 * From the death of the active member to the first packet through the standby at most 3 s shall pass. Members report
 * twice a second, so this is three reports missed and half a report of slack; with the tick of 250 ms the choice falls
 * 1.25 to 2 s after the death, which leaves a second for the log, the planner and the peers' agents.
 */
export const SILENCE_MS = 1_750;
/** One lost packet moves nothing. Probes are 500 ms apart and wait 400 ms: a dead range is known after 0.9 to 1.4 s. */
export const FAILURES = 2;
/** How long a member may stay unheard at first: an agent that lost its broker tries again after up to 7 s, here twice. */
export const GRACE_MS = 15_000;
/** WireGuard rejects a session without a new handshake after so long (whitepaper §6.1, REJECT_AFTER_TIME). */
export const HANDSHAKE_MS = 180_000;

export type Condition = 'unknown' | 'good' | 'silent' | 'failing';

export const newHealth = (since: number): MemberHealth => ({
  since,
  heardAt: null,
  failures: 0,
  goodSince: null,
  handshakeAt: null,
  detail: '',
});

/**
 * A sign of life besides probes, which says nothing of what is behind the member: who was never heard by a probe stays so.
 * After a silence it is not good until a probe says so.
 */
export function heard(health: MemberHealth, at: number): MemberHealth {
  if (health.heardAt === null) return health;
  return { ...health, heardAt: at, goodSince: isSilent(health, at) ? null : health.goodSince };
}

/** The outcome of a probe through the member, a sign of life too. @param handshakeAge seconds */
export function probed(
  health: MemberHealth,
  { ok, detail }: Pick<GatewayProbe, 'ok' | 'detail'>,
  { at, handshakeAge }: { at: number; handshakeAge: number | null },
): MemberHealth {
  const goodSince = isSilent(health, at) ? null : health.goodSince;
  const failures = ok ? 0 : health.failures + 1;
  return {
    since: health.since,
    heardAt: at,
    failures,
    goodSince: ok ? (goodSince ?? at) : failures < FAILURES ? goodSince : null,
    handshakeAt: handshakeAge === null ? null : at - handshakeAge * 1_000,
    detail,
  };
}

export function conditionOf(health: MemberHealth | undefined, now: number): Condition {
  if (!health) return 'unknown';
  if (isSilent(health, now)) return 'silent';
  if (health.failures >= FAILURES) return 'failing';
  return health.goodSince === null ? 'unknown' : 'good';
}

/** For how long it has been good. */
export const goodFor = ({ goodSince }: MemberHealth, now: number): number => (goodSince === null ? 0 : now - goodSince);

/** Its newest handshake is known and too old, or is not. Undefined: nothing is known of it. */
export function isStale(health: MemberHealth | undefined, now: number): boolean | undefined {
  if (!health || health.handshakeAt === null) return undefined;
  return now - health.handshakeAt > HANDSHAKE_MS;
}

function isSilent({ heardAt, since }: MemberHealth, now: number): boolean {
  return heardAt === null ? now - since > GRACE_MS : now - heardAt > SILENCE_MS;
}
