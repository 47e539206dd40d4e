import type { LiveState } from '#planner/members.js';
import { whyPath } from '#planner/paths/why-path.js';
import { type LinkBetween, linkOf, pairLatency, type RoutedPair } from '../latency/pair-latency.js';
import type { PairPathDto } from './path.dto.js';

/** How two nodes talk: the path and why from the log, how it is from what agents told. */
export const pairPath = (state: LiveState, routed: RoutedPair, link: LinkBetween): PairPathDto => ({
  ...pairLatency(state, routed, link),
  ...whyPath(state, routed.pair, routed.path),
  lastHandshake: linkOf(routed, link).handshakeAt,
});
