import type { ObservedLink } from '#contracts/reports.js';
import { SESSION_EXPIRY_SECONDS } from '#wireguard/core/protocol.js';

/** One peer of `wg show IF dump`, as far as links are concerned. */
export interface PeerLook {
  nodeId: string;
  endpoint: string | null;
  /** Unix seconds of its newest handshake; 0: none yet. */
  handshakeAt: number;
  /** How old that is, seconds by the wall clock; null: there is none. */
  handshakeAge: number | null;
  rx: number;
  tx: number;
  /** A direct path through NAT: it is probed every second, so that silence means something. */
  isWatched: boolean;
}

/**
 * A peer without a session that was called for so long without a word is unanswered, milliseconds: WireGuard calls every five seconds, and
 * one packet may get lost.
 */
export const UNANSWERED_MS = 7_000;
/** One that a word came from after each probe is silent so long after the first without one. */
export const SILENT_MS = 2_000;
/** One whose words took longer has so much more than the slowest of them. */
const SLACK_MS = 1_000;
/** One of which no word ever followed a probe: whatever it drops, WireGuard tells within ten seconds that a packet came (whitepaper §6.5). */
export const SILENT_UNKNOWN_MS = 12_000;
/** An empty datagram over IPv6, sealed: what {@link LinkWatch.toAnswer} makes be sent, so that no answer is answered. */
const ANSWER_BYTES = 80;
/** One that does not answer probes is probed for its round-trip time so seldom, once it is known how soon a word comes. */
const MEASURE_AGAIN_MS = 60_000;
/** All is told again within this time, one link a second at most: the control plane may have been away, and handshakes go on. */
const TELL_AGAIN_MS = { first: 2 * 60_000, last: 8 * 60_000, perLink: 1_000 };
/** A report holds so many links; the rest comes with the next. */
export const MOST_LINKS = 400;

interface Known {
  look: PeerLook;
  /** When the last byte came, by the looks. */
  heardAt: number;
  /** When the first probe went out since then; null: none did. */
  probedSince: number | null;
  /** When the last probe went out. */
  probedAt: number;
  /** Since when bytes go out and none come in; null: they do not. */
  callingSince: number | null;
  /** How long a word from it takes after a probe, rather too long than too short; null: none has followed one. */
  answeredIn: number | null;
  /** Something came that may want an answer, and nothing went out since the look before. */
  isOwedWord: boolean;
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

  /**
   * Who has to be probed: first those that are sent to without a word back, as long as it is not clear whether they are there,
   * then those that were heard and never measured.
   */
  toProbe(now: number, most: number): string[] {
    const all = [...this.#known.values()];
    const doubtful = all.filter((known) => isDoubtful(known, now));
    const unmeasured = all.filter(
      ({ rtt, answeredIn, heardAt, probedAt }) =>
        rtt === null && heardAt === now && now - probedAt >= (answeredIn === null ? SILENT_MS : MEASURE_AGAIN_MS),
    );
    return [...doubtful, ...unmeasured].slice(0, most).map(({ look }) => look.nodeId);
  }

  /**
   * Those that were heard and that nothing was sent to: whatever they wait for may be dropped here, and a word tells them that this node is
   * there long before WireGuard does.
   */
  toAnswer(): string[] {
    return [...this.#known.values()].filter(({ isOwedWord }) => isOwedWord).map(({ look }) => look.nodeId);
  }

  /** Whether it will soon be known if a peer has gone silent, or how soon it answers. */
  isInDoubt(now: number): boolean {
    return [...this.#known.values()].some(
      (known) =>
        isDoubtful(known, now) &&
        (patienceMs(known) < SILENT_UNKNOWN_MS || now - (known.probedSince ?? now) < SILENT_MS),
    );
  }

  /** A probe goes out to a peer. */
  probed(nodeId: string, now: number): void {
    const known = this.#known.get(nodeId);
    if (known) [known.probedSince, known.probedAt] = [known.probedSince ?? now, now];
  }

  /** Those with a live session. */
  live(now: number): string[] {
    return [...this.#known.values()].filter((known) => !isDead(known, now)).map(({ look }) => look.nodeId);
  }

  /** A round trip to a peer took so long, milliseconds. */
  measured(nodeId: string, rtt: number): void {
    const known = this.#known.get(nodeId);
    if (known) known.rtt = rtt;
  }

  /** What is new, or was not told for long; noted as told. */
  news(now: number): ObservedLink[] {
    const links: ObservedLink[] = [];
    const tellAgain = tellAgainMs(this.#known.size);
    for (const known of this.#known.values()) {
      const link = linkOf(known, now);
      if (!link || links.length === MOST_LINKS || !isNews(link, known.told, now - tellAgain)) continue;
      known.told = { ...link, at: now };
      links.push(link);
    }
    return links;
  }

  /** A change that cannot wait: a path that was proven, or is on trial, has become another; any peer has gone silent. */
  isUrgent(now: number): boolean {
    return [...this.#known.values()].some((known) => {
      const isPressing = known.look.isWatched || isSilent(known, now) || known.told?.link === 'unanswered';
      const link = isPressing ? linkOf(known, now) : undefined;
      return link && link.link !== known.told?.link;
    });
  }

  /** Whether a peer has gone silent that was not told yet. */
  hasLost(now: number): boolean {
    return [...this.#known.values()].some((known) => isSilent(known, now) && known.told?.link !== 'unanswered');
  }

  /** Nobody knows any more what was told. */
  tellAll(): void {
    for (const known of this.#known.values()) known.told = null;
  }
}

/** How old may be what was told of so many links. */
export const tellAgainMs = (links: number): number =>
  Math.min(Math.max(TELL_AGAIN_MS.first, links * TELL_AGAIN_MS.perLink), TELL_AGAIN_MS.last);

const UNKNOWN = {
  probedSince: null,
  probedAt: -Infinity,
  callingSince: null,
  answeredIn: null,
  isOwedWord: false,
  rtt: null,
  told: null,
};

function after(before: Known | undefined, look: PeerLook, now: number): Known {
  if (!before) return { ...UNKNOWN, look, heardAt: now, handshakeSeenAt: now };
  const { rx, tx } = before.look;
  const isHeard = look.rx > rx;
  // Counters begin anew where the peer was made again.
  const isCalling = look.tx > tx && !isHeard;
  return {
    ...before,
    look,
    heardAt: isHeard ? now : before.heardAt,
    probedSince: isHeard ? null : before.probedSince,
    // Without a session a word waits for a handshake, and so for the next try of one.
    answeredIn:
      isHeard && before.probedSince !== null && !isDead(before, before.probedSince)
        ? slower(before.answeredIn, now - before.probedSince)
        : before.answeredIn,
    isOwedWord: look.rx > rx + ANSWER_BYTES && look.tx === tx,
    callingSince: isHeard || look.tx < tx ? null : (before.callingSince ?? (isCalling ? now : null)),
    handshakeSeenAt: look.handshakeAt === before.look.handshakeAt ? before.handshakeSeenAt : now,
  };
}

/** Undefined: nothing was ever tried with it. */
function linkOf(known: Known, now: number): ObservedLink | undefined {
  const { look, callingSince, rtt } = known;
  const { nodeId, endpoint, handshakeAge } = look;
  const isCalling = callingSince !== null && now - callingSince >= UNANSWERED_MS;
  const isUnanswered = isSilent(known, now) || (isDead(known, now) && isCalling);
  if (look.handshakeAt === 0 && !isUnanswered) return undefined;
  return { nodeId, endpoint, link: isUnanswered ? 'unanswered' : 'up', rtt, handshakeAge };
}

const isDead = ({ look, handshakeSeenAt }: Known, now: number): boolean =>
  look.handshakeAt === 0 || now - handshakeSeenAt > SESSION_EXPIRY_SECONDS * 1000;

function isSilent(known: Known, now: number): boolean {
  const { callingSince, probedSince } = known;
  return callingSince !== null && probedSince !== null && now - probedSince >= patienceMs(known);
}

/** How long after a probe a word may be wanting. */
function patienceMs({ rtt, answeredIn }: Known): number {
  if (rtt !== null) return SILENT_MS;
  return answeredIn === null
    ? SILENT_UNKNOWN_MS
    : Math.min(Math.max(SILENT_MS, answeredIn + SLACK_MS), SILENT_UNKNOWN_MS);
}

/** One that took longer is believed at once, one that was sooner by and by; long after a probe a word has come by itself. */
function slower(known: number | null, took: number): number | null {
  if (took > SILENT_UNKNOWN_MS) return known;
  return known === null || took >= known ? took : (known + took) / 2;
}

const isDoubtful = (known: Known, now: number): boolean =>
  known.callingSince !== null && linkOf(known, now)?.link === 'up';

/** @param since what was told before is told again */
function isNews(link: ObservedLink, told: Known['told'], since: number): boolean {
  if (!told || told.link !== link.link || told.endpoint !== link.endpoint) return true;
  return told.at <= since || isOtherTime(told.rtt, link.rtt);
}

/** Round-trip times differ all the time; half as much again, and five milliseconds, is another one. */
function isOtherTime(told: number | null, now: number | null): boolean {
  if (now === null || told === null) return told !== now && now !== null;
  return Math.abs(now - told) > 5 && (now > told * 1.5 || told > now * 1.5);
}
