import type { ObservedPeer } from '#wireguard/core/observed-device.js';
import { SESSION_EXPIRY_SECONDS } from '#wireguard/core/protocol.js';

interface Seen {
  handshakeAt: number;
  /** Seconds. */
  since: number;
}

/**
 * Tells which peers have no live session, by when their handshakes were seen to change: the time that the kernel notes
 * is the wall clock's, and a clock that jumps must not make live sessions look dead. A session that was there at the
 * first look counts as live for a while.
 */
export class QuietPeers {
  #seen = new Map<string, Seen>();

  /** @param now seconds of a clock that never jumps @returns public keys */
  update(peers: readonly ObservedPeer[], now: number): Set<string> {
    const seen = new Map<string, Seen>();
    const quiet = new Set<string>();
    for (const { publicKey, handshakeAt } of peers) {
      const before = this.#seen.get(publicKey);
      const since = before?.handshakeAt === handshakeAt ? before.since : now;
      seen.set(publicKey, { handshakeAt, since });
      if (handshakeAt === 0 || now - since > SESSION_EXPIRY_SECONDS) quiet.add(publicKey);
    }
    this.#seen = seen;
    return quiet;
  }
}
