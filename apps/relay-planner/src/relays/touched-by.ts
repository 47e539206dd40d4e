import type { NetworkFact, RecordedFact } from '#contracts/facts.js';
import { isLive } from '#planner/members.js';
import { needsRelay } from '#planner/paths/reach.js';
import type { NetworkState } from '#topology/network-state.js';

/** Nodes whose relay may have to change because of these facts. All nodes are looked at once at most, however many facts there are. */
export function touchedBy(state: NetworkState, facts: readonly RecordedFact<NetworkFact>[]): string[] {
  const touched = facts.map((fact) => touchedByOne(state, fact));
  const others = touched.some(({ room }) => room) ? waiting(state) : [];
  return [...touched.flatMap(({ nodes }) => nodes), ...others];
}

/** `room`: those who wait for a relay may find one now. */
function touchedByOne(state: NetworkState, fact: RecordedFact<NetworkFact>): { nodes: string[]; room: boolean } {
  switch (fact.type) {
    case 'NodeEnrolled':
    case 'NodeChanged':
    case 'NodeEnabled':
    case 'NodeDisabled':
    case 'NodeReachabilityDecided': {
      const { nodeId } = fact.data;
      const relay = state.relays.get(nodeId);
      return { nodes: [nodeId, ...(relay?.nodes ?? [])], room: relay !== undefined };
    }
    case 'NodeRemoved':
    case 'RelaySet':
    case 'RelayUnset':
    case 'RelayAssigned':
      return { nodes: [], room: true };
    case 'PathFailed':
    case 'PathProven':
    case 'PathForgotten':
      return { nodes: [fact.data.a, fact.data.b], room: false };
    default:
      return { nodes: [], room: false };
  }
}

/** Those that need a relay and have none. */
export function waiting(state: NetworkState): string[] {
  if (!isLive(state) || state.relays.isEmpty()) return [];
  const without = [...state.nodes.values()].filter(({ nodeId }) => !state.assignments.has(nodeId));
  return without.filter((node) => needsRelay(state, node)).map(({ nodeId }) => nodeId);
}

/** Those for whom an operator wishes this relay. */
export const wishing = ({ relayPins }: NetworkState, relayId: string): string[] =>
  [...relayPins].filter(([, wish]) => wish === relayId).map(([nodeId]) => nodeId);
