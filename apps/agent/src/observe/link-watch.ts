import type { ObservedLink } from '#contracts/reports.js';
import { SESSION_EXPIRY_SECONDS } from '#wireguard/core/protocol.js';

/** One peer of `wg show IF dump`, as far as links are concerned. */
export interface PeerLook {
  nodeId: string;
  endpoint: string | null;
  /** Whether it has ever shaken hands. */
  handshakeAt: number;
  rx: number;
  tx: number;
  /** A direct path through NAT: it is probed every second, so that silence means something. */
  isWatched: boolean;
}

/** A peer that was called for so long without a word is unanswered, milliseconds. */
export const UNANSWERED_MS = 10_000;
/** The same for one that is probed every second, and has answered probes. */
export const SILENT_MS = 3_000;
/** All is told again within this time: the control plane may have been away. */
export const TELL_AGAIN_MS = 8 * 60_000;
/** A report holds so many links; the rest comes with the next. */
export const MOST_LINKS = 400;

interface Known {
  look: PeerLook;
  /** When the last byte came, by the looks. */
  heardAt: number;
  /** Since when bytes go out and none come in; null: they do not. */
  callingSince: number | null;
  /** When its handshake was seen to change. */
  handshakeSeenAt: number;
  rtt: number | null;
  told: (ObservedLink & { at: number }) | null;
}

/** Turns looks at the device into what is worth telling. Times are milliseconds of a clock that never jumps. */
export class LinkWatch {
  #known = new Map<string, Known>();

  /** @param peers all there are now; others are forgotten */
  look(peers: readonly PeerLook[], now: number): void {
    this.#known = new Map(peers.map((peer) => [peer.nodeId, after(this.#known.get(peer.nodeId), peer, now)]));
  }

  /** A round trip to a peer took so long, milliseconds. */
  measured(nodeId: string, rtt: number): void {
    const known = this.#known.get(nodeId);
    if (known) known.rtt = rtt;
  }

  /** What is new, or was not told for long; noted as told. */
  news(now: number): ObservedLink[] {
    const links: ObservedLink[] = [];
    for (const known of this.#known.values()) {
      const link = linkOf(known, now);
      if (!link || links.length === MOST_LINKS || !isNews(link, known.told, now)) continue;
      known.told = { ...link, at: now };
      links.push(link);
    }
    return links;
  }

  /** A change that cannot wait: a path that was proven, or is on trial, has become another. */
  isUrgent(now: number): boolean {
    return [...this.#known.values()].some((known) => {
      const link = known.look.isWatched && linkOf(known, now);
      return link && link.link !== known.told?.link;
    });
  }

  /** Nobody knows any more what was told. */
  tellAll(): void {
    for (const known of this.#known.values()) known.told = null;
  }
}

function after(before: Known | undefined, look: PeerLook, now: number): Known {
  if (!before) return { look, heardAt: now, callingSince: null, handshakeSeenAt: now, rtt: null, told: null };
  const { rx, tx } = before.look;
  const isHeard = look.rx > rx;
  // Counters begin anew where the peer was made again.
  const isCalling = look.tx > tx && !isHeard;
  return {
    ...before,
    look,
    heardAt: isHeard ? now : before.heardAt,
    callingSince: isHeard || look.tx < tx ? null : (before.callingSince ?? (isCalling ? now : null)),
    handshakeSeenAt: look.handshakeAt === before.look.handshakeAt ? before.handshakeSeenAt : now,
  };
}

/** Undefined: nothing was ever tried with it. */
function linkOf({ look, heardAt, callingSince, handshakeSeenAt, rtt }: Known, now: number): ObservedLink | undefined {
  const { nodeId, endpoint, handshakeAt, isWatched } = look;
  const isDead = handshakeAt === 0 || now - handshakeSeenAt > SESSION_EXPIRY_SECONDS * 1000;
  const isCalling = callingSince !== null && now - callingSince >= UNANSWERED_MS;
  const isSilent = isWatched && rtt !== null && callingSince !== null && now - heardAt >= SILENT_MS;
  if (isSilent || (isDead && isCalling)) return { nodeId, endpoint, link: 'unanswered', rtt };
  return handshakeAt === 0 ? undefined : { nodeId, endpoint, link: 'up', rtt };
}

function isNews(link: ObservedLink, told: Known['told'], now: number): boolean {
  if (!told || told.link !== link.link || told.endpoint !== link.endpoint) return true;
  return now - told.at >= TELL_AGAIN_MS || isOtherTime(told.rtt, link.rtt);
}

/** Round-trip times differ all the time; half as much again, and five milliseconds, is another one. */
function isOtherTime(told: number | null, now: number | null): boolean {
  if (now === null || told === null) return told !== now && now !== null;
  return Math.abs(now - told) > 5 && (now > told * 1.5 || told > now * 1.5);
}
