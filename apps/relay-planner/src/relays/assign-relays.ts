import type { NetworkFact } from '#contracts/facts.js';
import type { AssignmentReason } from '#contracts/relay-facts.js';
import type { LiveState } from '#planner/members.js';
import { directPath } from '#planner/paths/choose-path.js';
import { isUsableRelay, needsRelay } from '#planner/paths/reach.js';
import type { NodeState } from '#topology/network-state.js';

/** What one replica has heard and measured; nothing of it is in the log. */
export interface RelayOutlook {
  /** False for a relay that has gone silent. A relay of which nothing is known is up. */
  isUp(relayId: string): boolean;
  /** Round-trip time in milliseconds; undefined: never measured. */
  rtt(nodeId: string, relayId: string): number | undefined;
}

export interface Assigning {
  state: LiveState;
  outlook: RelayOutlook;
  /** ISO 8601 UTC */
  now: string;
  /** A relay that is about to go. */
  without?: string;
}

/** A closer relay is worth a move if it saves so much, and if the last move was so long ago. */
export const CLOSER_BY_MS = 10;
export const CLOSER_FACTOR = 0.7;
export const REST_MS = 10 * 60_000;

/**
 * Which of these nodes get another relay, or none: facts for those only. Whoever has a relay that serves keeps it, unless
 * an operator wishes another, it has too many nodes, or another one is much closer.
 */
export function assignRelays(assigning: Assigning, nodeIds: Iterable<string>): NetworkFact[] {
  const { state, without } = assigning;
  if (state.relays.size + state.assignments.size === 0) return [];
  const usable = [...state.relays.keys()].filter((id) => id !== without && isUsableRelay(state, id)).sort();
  const relays = usable.filter((id) => assigning.outlook.isUp(id));
  const room = new Map(usable.map((id) => [id, roomOf(state, id)]));
  const chosen = new Map<string, Choice>();
  const take = (node: NodeState) => {
    const { nodeId } = node;
    const current = chosen.has(nodeId) ? null : (state.assignments.get(nodeId)?.relayId ?? null);
    const choice = choose(assigning, node, { current, relays, usable, room });
    if (choice.relayId === current) return;
    if (current !== null) room.set(current, (room.get(current) ?? 0) + 1);
    if (choice.relayId !== null) room.set(choice.relayId, (room.get(choice.relayId) ?? 0) - 1);
    chosen.set(nodeId, choice);
  };
  const nodes = inTurn(assigning, nodeIds);
  // Whoever found no room may find some now that others have moved, and who stayed a closer relay. Each moves once.
  for (let before = -1; before < chosen.size;) {
    before = chosen.size;
    for (const node of nodes) if (!chosen.has(node.nodeId)) take(node);
  }
  for (const node of nodes) if (chosen.get(node.nodeId)?.relayId === null) take(node);
  const changed = [...chosen].sort(([a], [b]) => (a < b ? -1 : 1));
  return changed
    .filter(([nodeId, { relayId }]) => relayId !== (state.assignments.get(nodeId)?.relayId ?? null))
    .map(([nodeId, choice]) => ({ type: 'RelayAssigned', data: { nodeId, ...choice } }));
}

/** First those who need none any more, then those who have one, wishes last, then those who wait; by id. */
function inTurn({ state }: Assigning, nodeIds: Iterable<string>): NodeState[] {
  const turn = (node: NodeState) => {
    if (!needsRelay(state, node)) return 0;
    if (!state.assignments.has(node.nodeId)) return 3;
    return state.relayPins.has(node.nodeId) ? 2 : 1;
  };
  const turns: NodeState[][] = [[], [], [], []];
  for (const id of [...new Set(nodeIds)].sort()) {
    const node = state.nodes.get(id);
    if (node) turns[turn(node)]?.push(node);
  }
  return turns.flat();
}

interface Candidates {
  /** The relay it has. */
  current: string | null;
  /** Usable and up. */
  relays: readonly string[];
  usable: readonly string[];
  /** Nodes that each could take besides those it has; negative: it has too many. */
  room: ReadonlyMap<string, number>;
}

interface Choice {
  relayId: string | null;
  reason: AssignmentReason;
}

const roomOf = ({ relays }: LiveState, relayId: string): number => {
  const relay = relays.get(relayId);
  return relay ? relay.capacity - relay.nodes.size : 0;
};

function choose(assigning: Assigning, node: NodeState, { current, relays, usable, room }: Candidates): Choice {
  const { state, outlook } = assigning;
  const { nodeId } = node;
  if (!needsRelay(state, node)) return { relayId: null, reason: 'not needed' };
  const serves = (id: string) => servesNode(state, node, id);
  const fits = (id: string) => serves(id) && (id === current ? (room.get(id) ?? 0) >= 0 : (room.get(id) ?? 0) > 0);
  const pinned = state.relayPins.get(nodeId);
  if (pinned !== undefined && relays.includes(pinned) && fits(pinned)) return { relayId: pinned, reason: 'pinned' };
  const others = relays.filter((id) => id !== current && fits(id));
  const best = others.sort(byMerit(assigning, nodeId, room))[0] ?? null;
  if (current === null) return { relayId: best, reason: 'needed' };
  if (relays.includes(current) && fits(current)) {
    const isCloser = best !== null && isMuchCloser(assigning, nodeId, [best, current]);
    return isCloser ? { relayId: best, reason: 'closer' } : { relayId: current, reason: 'needed' };
  }
  if (relays.includes(current) && serves(current)) return { relayId: best, reason: 'over capacity' };
  // A silent relay is better than none: it may forward although nobody hears of it.
  const keep = best === null && usable.includes(current) && fits(current) && !outlook.isUp(current);
  return { relayId: keep ? current : best, reason: 'relay lost' };
}

function servesNode(state: LiveState, node: NodeState, relayId: string): boolean {
  const relay = state.nodes.get(relayId);
  return relay !== undefined && relay !== node && directPath(state, node, relay) !== undefined;
}

/** The closest first, in steps of 5 ms; then the one with most of its room left; then by id. */
function byMerit({ outlook, state }: Assigning, nodeId: string, room: ReadonlyMap<string, number>) {
  const step = (id: string) => Math.floor((outlook.rtt(nodeId, id) ?? UNMEASURED_MS) / 5);
  const share = (id: string) => (room.get(id) ?? 0) / (state.relays.get(id)?.capacity ?? 1);
  return (a: string, b: string) => step(a) - step(b) || share(b) - share(a) || (a < b ? -1 : 1);
}

/** Behind any that was measured. */
const UNMEASURED_MS = 60_000;

function isMuchCloser({ outlook, state, now }: Assigning, nodeId: string, [to, from]: [string, string]): boolean {
  const since = state.assignments.get(nodeId)?.since;
  if (state.relayPins.get(nodeId) === from) return false;
  if (since === undefined || Date.parse(now) - Date.parse(since) < REST_MS) return false;
  const [there, here] = [outlook.rtt(nodeId, to), outlook.rtt(nodeId, from)];
  if (there === undefined || here === undefined) return false;
  return there < here * CLOSER_FACTOR && there < here - CLOSER_BY_MS;
}
