import type { NodeState, PathState } from '#topology/network-state.js';
import type { LiveState } from '../members.js';
import { calledAt, isCallable, isUsableRelay, offersLan } from './reach.js';

/** What a node's paths to all others follow from, exceptions of pairs aside. */
export interface Standing {
  site: string | null;
  offersLan: boolean;
  /** Anybody can call it; it can use no UDP; it has a relay; it would need one. */
  kind: 'open' | 'blocked' | 'behind' | 'lone';
  relay: RelayStanding | null;
  /** Relays that it does not reach although everybody should. */
  cut: ReadonlySet<string>;
  /** Relays that it was proven to reach. */
  proven: ReadonlySet<string>;
}

/** A relay as those who talk through it see it: open to all but those it is cut off from. */
export interface RelayStanding {
  nodeId: string;
  site: string | null;
  offersLan: boolean;
  cut: ReadonlySet<string>;
  /** Where it is called. */
  endpoints: readonly string[];
}

/** Nobody has said anything of relays, NATs or pairs: every path is the one that offers make. */
export const isWithoutPaths = ({ relays, reachability, paths }: LiveState): boolean =>
  relays.size + reachability.size + paths.size === 0;

export function standingOf(state: LiveState, node: NodeState): Standing {
  const known = { site: node.site, offersLan: offersLan(node), ...exceptionsOf(state, node.nodeId), relay: null };
  if (isCallable(state, node)) return { ...known, kind: 'open' };
  if (state.reachability.get(node.nodeId)?.nat === 'blocked') return { ...known, kind: 'blocked' };
  const relay = relayOf(state, node, known.cut);
  return relay ? { ...known, kind: 'behind', relay } : { ...known, kind: 'lone' };
}

/**
 * Those who stand alike at one site see all others alike, if none of them is an exception. Only one who can use no UDP
 * sees those at other sites by where itself is: through relays on its LAN.
 */
export const standingKey = ({ kind, relay, site, offersLan }: Standing): string =>
  kind === 'blocked' ? `blocked ${offersLan} ${site}` : (relay?.nodeId ?? kind);

function relayOf(state: LiveState, { nodeId }: NodeState, cut: ReadonlySet<string>): RelayStanding | undefined {
  const relayId = state.assignments.get(nodeId)?.relayId;
  if (relayId === undefined || cut.has(relayId) || !isUsableRelay(state, relayId)) return undefined;
  const relay = state.nodes.get(relayId);
  if (!relay) return undefined;
  const { cut: cutOff } = exceptionsOf(state, relayId);
  const endpoints = calledAt(state, relay);
  return { nodeId: relayId, site: relay.site, offersLan: offersLan(relay), cut: cutOff, endpoints };
}

const NONE: ReadonlySet<string> = new Set();

function exceptionsOf({ paths, relays }: LiveState, nodeId: string): Pick<Standing, 'cut' | 'proven'> {
  const others = paths.get(nodeId);
  if (!others) return { cut: NONE, proven: NONE };
  const known = [...others].filter(([id]) => relays.has(id));
  const ids = (fits: (path: PathState) => boolean) => new Set(known.filter(([, path]) => fits(path)).map(([id]) => id));
  return {
    cut: ids(({ phase, over }) => phase !== 'proven' && over !== 'punched'),
    proven: ids(({ phase }) => phase === 'proven'),
  };
}
