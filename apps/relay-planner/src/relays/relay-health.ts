/** Relays tell of themselves twice a second; so much silence means that one is lost. */
export const SILENCE_MS = 1_500;
/** After a start, or after the broker was away, agents need so long to come back. */
export const SETTLE_MS = 10_000;
/**
 * A machine that was away may have lost its sessions: its peers go on with them for 15 s, then call every five (WireGuard whitepaper §6.2, §6.5).
 */
export const RESUME_MS = 20_000;

/**
 * Which relays are silent. Silence counts only while others are heard: if nobody speaks, it is we who do not hear. Times are
 * milliseconds of a clock that only grows.
 */
export class RelayHealth {
  readonly #heardAt = new Map<string, number>();
  readonly #backAt = new Map<string, number>();
  #anybodyAt = -Infinity;
  #listeningSince: number;

  constructor(now: number) {
    this.#listeningSince = now;
  }

  heard(nodeId: string, now: number): void {
    if (now - (this.#heardAt.get(nodeId) ?? now) > SILENCE_MS) this.#backAt.set(nodeId, now);
    this.#heardAt.set(nodeId, now);
    this.#anybodyAt = now;
  }

  /** Who was heard before may need time to be heard again. */
  listenAnew(now: number): void {
    this.#listeningSince = now;
  }

  isUp(nodeId: string, now: number): boolean {
    if (now - this.#listeningSince < SETTLE_MS || now - this.#anybodyAt > SILENCE_MS) return true;
    return now - (this.#heardAt.get(nodeId) ?? this.#listeningSince) <= SILENCE_MS;
  }

  /** A relay that is silent, or is heard again so lately that not all of its peers need have found it. */
  isAway(relayId: string, now: number): boolean {
    return !this.isUp(relayId, now) || now - (this.#backAt.get(relayId) ?? -Infinity) < RESUME_MS;
  }

  /** Heard within a heartbeat. */
  isAlive(nodeId: string, now: number): boolean {
    return now - (this.#heardAt.get(nodeId) ?? -Infinity) < 45_000;
  }

  wasHeardSince(nodeId: string, since: number): boolean {
    return (this.#heardAt.get(nodeId) ?? -Infinity) >= since;
  }

  forget(nodeId: string): void {
    this.#heardAt.delete(nodeId);
    this.#backAt.delete(nodeId);
  }
}
