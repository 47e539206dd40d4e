import { Map as ImmutableMap, Set as ImmutableSet } from 'immutable';
import type { RecordedFact } from '#contracts/facts.js';
import type { Reachability, RelayFact } from '#contracts/relay-facts.js';
import type { AssignmentState, NetworkState, PathState, RelayState } from './network-state.js';

type Changes = Partial<NetworkState>;
type Paths = NetworkState['paths'];
type Assigned = Pick<NetworkState, 'assignments' | 'relays'>;

/** What a fact about reachability, relays or paths changes in the state of its network. */
export function relayChanges(state: NetworkState, fact: RecordedFact<RelayFact>): Changes {
  const { version } = fact;
  const { at } = fact.metadata;
  switch (fact.type) {
    case 'NodeReachabilityDecided': {
      const { observers: _observers, ...decided } = fact.data;
      return reachabilityDecided(state, { ...decided, at, version });
    }
    case 'RelaySet': {
      const { nodeId, capacity } = fact.data;
      const known = state.relays.get(nodeId);
      const relay = known
        ? { ...known, capacity, version }
        : { nodeId, capacity, nodes: ImmutableSet<string>(), createdAt: at, version };
      return { relays: state.relays.set(nodeId, relay) };
    }
    case 'RelayUnset':
      return withoutRelay(state, fact.data.nodeId);
    case 'RelayPinned': {
      const { nodeId, relayId } = fact.data;
      const { relayPins } = state;
      return { relayPins: relayId === null ? relayPins.delete(nodeId) : relayPins.set(nodeId, relayId) };
    }
    case 'RelayAssigned': {
      const { nodeId, relayId, reason } = fact.data;
      return assigned(state, nodeId, relayId === null ? null : { nodeId, relayId, reason, since: at });
    }
    case 'PathTried': {
      const { anew, ...tried } = fact.data;
      const { failures = 0 } = anew ? {} : (pathBetween(state, tried.a, tried.b) ?? {});
      return withPath(state, { ...tried, phase: 'trying', since: at, failures, retryAt: null });
    }
    case 'PathProven': {
      const path = pathBetween(state, fact.data.a, fact.data.b);
      return path ? withPath(state, { ...path, phase: 'proven', since: at, retryAt: null }) : {};
    }
    case 'PathFailed':
      return withPath(state, { ...fact.data, phase: 'failed', since: at });
    case 'PathForgotten':
      return { paths: withoutPair(state.paths, fact.data.a, fact.data.b) };
  }
}

/** What is known of a pair, named in any order. */
export const pathBetween = ({ paths }: Pick<NetworkState, 'paths'>, a: string, b: string): PathState | undefined =>
  paths.get(a)?.get(b);

/** What goes with a node: its relay, what was behind it, its paths. */
export function withoutNode(state: NetworkState, nodeId: string): Changes {
  const left = { ...state, ...withoutRelay(state, nodeId) };
  const others = [...(state.paths.get(nodeId)?.keys() ?? [])];
  return {
    ...assigned(left, nodeId, null),
    reachability: state.reachability.delete(nodeId),
    relayPins: left.relayPins.delete(nodeId),
    paths: others.reduce((paths, other) => withoutPair(paths, nodeId, other), state.paths),
  };
}

/** A failure tells of the place where the node was; once that is decided anew, it is forgotten. */
function reachabilityDecided(state: NetworkState, decided: Reachability & { nodeId: string } & Decided): Changes {
  const { nodeId } = decided;
  const reachability = state.reachability.set(nodeId, decided);
  const stale = [...(state.paths.get(nodeId)?.values() ?? [])].filter(({ phase }) => phase === 'failed');
  if (stale.length === 0 || isSamePlace(state.reachability.get(nodeId), decided)) return { reachability };
  return { reachability, paths: stale.reduce((paths, { a, b }) => withoutPair(paths, a, b), state.paths) };
}

interface Decided {
  at: string;
  version: number;
}

const isSamePlace = (was: Reachability | undefined, is: Reachability): boolean =>
  was?.nat === is.nat && was.addresses.join() === is.addresses.join();

function assigned({ assignments, relays }: Assigned, nodeId: string, next: AssignmentState | null): Assigned {
  const before = assignments.get(nodeId)?.relayId;
  const change = (all: Assigned['relays'], relayId: string | undefined, nodes: (relay: RelayState) => RelayState) => {
    const relay = relayId === undefined ? undefined : all.get(relayId);
    return relay ? all.set(relay.nodeId, nodes(relay)) : all;
  };
  const left = change(relays, before, (relay) => ({ ...relay, nodes: relay.nodes.delete(nodeId) }));
  if (!next) return { assignments: assignments.delete(nodeId), relays: left };
  return {
    assignments: assignments.set(nodeId, next),
    relays: change(left, next.relayId, (relay) => ({ ...relay, nodes: relay.nodes.add(nodeId) })),
  };
}

function withoutRelay(state: NetworkState, relayId: string): Pick<NetworkState, keyof Assigned | 'relayPins'> {
  const relay = state.relays.get(relayId);
  if (!relay) return state;
  return {
    relays: state.relays.delete(relayId),
    assignments: state.assignments.deleteAll(relay.nodes),
    relayPins: state.relayPins.filter((pinned) => pinned !== relayId),
  };
}

function withPath({ paths }: NetworkState, path: PathState): Changes {
  const { a, b } = path;
  const put = (all: Paths, from: string, to: string) =>
    all.set(from, (all.get(from) ?? ImmutableMap<string, PathState>()).set(to, path));
  return { paths: put(put(paths, a, b), b, a) };
}

function withoutPair(paths: Paths, a: string, b: string): Paths {
  const take = (all: Paths, from: string, to: string) => {
    const rest = all.get(from)?.delete(to);
    if (!rest) return all;
    return rest.isEmpty() ? all.delete(from) : all.set(from, rest);
  };
  return take(take(paths, a, b), b, a);
}
