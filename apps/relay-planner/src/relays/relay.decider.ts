import type { Decision } from '#contracts/decision.js';
import { Refusal } from '#contracts/errors.js';
import type { NetworkFact } from '#contracts/facts.js';
import type { AssignRelayBody, SetRelayBody, UnsetRelayBody } from '#contracts/relay-commands.js';
import { isLive, type LiveState } from '#planner/members.js';
import { isCallable } from '#planner/paths/reach.js';
import { factsOf, foldNew, type CommandMeta, type GuardedCommand } from '#topology/command.js';
import { refuseInvalid, wholeNumberErrors } from '#topology/fields.js';
import { nodeOf, refuseStale } from '#topology/lookup.js';
import { networkFold } from '#topology/network-fold.js';
import type { NetworkState, NodeState, RelayState } from '#topology/network-state.js';
import { assignmentView, relayView } from '#topology/relay-view.js';
import { assignRelays, type RelayOutlook } from './assign-relays.js';

interface WithOutlook {
  /** What the replica that decides has heard. */
  outlook: RelayOutlook;
}

export type SetRelay = GuardedCommand & SetRelayBody & WithOutlook;
export type UnsetRelay = GuardedCommand & UnsetRelayBody & WithOutlook;
export type AssignRelay = CommandMeta & AssignRelayBody & WithOutlook;
export type AssignRelays = CommandMeta & WithOutlook & { /** Whose relay may change. */ nodeIds: Iterable<string> };

export const DEFAULT_CAPACITY = 1000;

/**
 * Makes a node a relay, or gives it another capacity; with less room than it has nodes, some are moved. Answer: RelayView.
 * @throws Refusal `not_found`, `version_mismatch`, `invalid`, `node_disabled`, `relay_unreachable`
 */
export function decideSetRelay(command: SetRelay, state: NetworkState): Decision {
  const { nodeId } = command;
  const node = nodeOf(state, nodeId);
  const known = state.relays.get(nodeId);
  if (known) refuseStale(command, known);
  const capacity = command.capacity ?? known?.capacity ?? DEFAULT_CAPACITY;
  refuseInvalid(wholeNumberErrors('capacity', capacity, [1, 100_000]));
  if (known?.capacity === capacity) return { facts: [], answer: relayView(known) };
  refuseUnreachable(state, node);
  const behind = state.assignments.has(nodeId);
  const facts = factsOf(
    command,
    ...(behind ? [{ type: 'RelayAssigned', data: { nodeId, relayId: null, reason: 'not needed' } } as const] : []),
    { type: 'RelaySet', data: { nodeId, capacity } },
  );
  const set = foldNew(networkFold, state, facts);
  const moves = factsOf(command, ...moved(command, set, set.relays.get(nodeId)?.nodes ?? []));
  return { facts: [...facts, ...moves], answer: relayView(foldNew(networkFold, set, moves).relays.get(nodeId)!) };
}

/** What is behind it goes to other relays first, as far as there are any. Answer: `{nodeId}`. @throws Refusal `not_found`, `not_a_relay`, `version_mismatch` */
export function decideUnsetRelay(command: UnsetRelay, state: NetworkState): Decision {
  const { nodeId } = command;
  const relay = relayOf(state, nodeId);
  refuseStale(command, relay);
  const moves = moved(command, state, relay.nodes, nodeId).filter(isMove);
  return { facts: factsOf(command, ...moves, { type: 'RelayUnset', data: { nodeId } }), answer: { nodeId } };
}

/**
 * Wishes a relay for a node, or lets it be chosen again (null). A wish for a relay that is silent is kept for its return.
 * Answer: AssignmentView. @throws Refusal `not_found`, `not_a_relay`, `relay_self`, `relay_full`
 */
export function decideAssignRelay(command: AssignRelay, state: NetworkState): Decision {
  const { nodeId, relayId } = command;
  const node = nodeOf(state, nodeId);
  if (relayId !== null) refuseBadWish(state, node, relayId);
  const wish = state.relayPins.get(nodeId) ?? null;
  const facts = factsOf(
    command,
    ...(wish === relayId ? [] : [{ type: 'RelayPinned', data: { nodeId, relayId } } as const]),
  );
  const pinned = foldNew(networkFold, state, facts);
  const moves = factsOf(command, ...moved(command, pinned, [nodeId]));
  return { facts: [...facts, ...moves], answer: assignmentView(foldNew(networkFold, pinned, moves), nodeId) };
}

/** The relays of these nodes as facts, wishes and what was heard now want them; no fact where all is well. Answer: how many changed. */
export function decideAssignRelays(command: AssignRelays, state: NetworkState): Decision {
  const facts = factsOf(command, ...moved(command, state, command.nodeIds));
  return { facts, answer: facts.length };
}

function moved(
  { outlook, at }: CommandMeta & WithOutlook,
  state: NetworkState,
  nodeIds: Iterable<string>,
  without?: string,
): NetworkFact[] {
  return isLive(state) ? assignRelays({ state, outlook, now: at, ...(without && { without }) }, nodeIds) : [];
}

/** Those that find no other relay lose theirs by `RelayUnset` itself. */
const isMove = (fact: NetworkFact) => fact.type === 'RelayAssigned' && fact.data.relayId !== null;

function relayOf(state: NetworkState, nodeId: string): RelayState {
  const { name } = nodeOf(state, nodeId);
  const relay = state.relays.get(nodeId);
  if (!relay) throw new Refusal('not_a_relay', `node "${name}" is no relay; make it one with relay set`);
  return relay;
}

function refuseUnreachable(state: NetworkState, node: NodeState): void {
  const { name, enabled } = node;
  if (!enabled)
    throw new Refusal('node_disabled', `node "${name}" is disabled and can relay for nobody; enable it first`);
  if (!isCallable(state as LiveState, node))
    throw new Refusal(
      'relay_unreachable',
      `nobody can call node "${name}": a relay needs a public endpoint that answers; give it one (--endpoint) or choose another node`,
    );
}

function refuseBadWish(state: NetworkState, node: NodeState, relayId: string): void {
  const relay = relayOf(state, relayId);
  const name = state.nodes.get(relayId)?.name ?? relayId;
  if (state.relays.has(node.nodeId))
    throw new Refusal(
      'relay_self',
      `node "${node.name}" is a relay itself; a relay is behind no relay: unset it first`,
    );
  if (!relay.nodes.has(node.nodeId) && relay.nodes.size >= relay.capacity)
    throw new Refusal(
      'relay_full',
      `relay "${name}" has ${relay.nodes.size} of ${relay.capacity} nodes; raise its capacity or choose another`,
    );
}
