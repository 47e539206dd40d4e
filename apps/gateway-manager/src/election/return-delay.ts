import type { ActivationReason } from '#contracts/gateway-facts.js';

/** A preferred member must have been good for so long before it takes back: no flapping. */
export const RETURN_AFTER_MS = 30_000;
const LONGEST_MS = 600_000;
/** How long a departure counts. */
const REMEMBERED_MS = 1_800_000;

const FAILED: readonly ActivationReason[] = ['host lost', 'probe failed', 'handshake stale'];

/** @returns the departures to remember, with this activation among them where a member was left because it failed */
export function departuresAfter(departures: readonly number[], reason: ActivationReason, now: number): number[] {
  const recent = departures.filter((at) => now - at < REMEMBERED_MS);
  return FAILED.includes(reason) ? [...recent, now] : recent;
}

/**
 * How long a preferred member has to be good before it takes back: 30 s after one failure, and twice as long after each
 * further one of the last half hour, up to ten minutes. So a member that comes and goes, or that one replica hears and
 * another does not, moves the gateway ever more rarely.
 */
export function returnDelay(departures: readonly number[], now: number): number {
  const recent = departures.filter((at) => now - at < REMEMBERED_MS).length;
  return Math.min(RETURN_AFTER_MS * 2 ** Math.max(0, recent - 1), LONGEST_MS);
}
