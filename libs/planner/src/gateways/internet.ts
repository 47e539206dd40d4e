import type { ClientState, GatewayState, NodeState } from '#topology/network-state.js';
import { hostPrefix } from '#ipam/prefix.js';
import { accept, EVERYTHING, type Contribution, from, masquerade, type Rule } from './contribution.js';
import type { Landscape } from './landscape.js';
import { choosePath } from '../paths/choose-path.js';
import { except, familyOf } from '../prefix-lists.js';

/**
 * Internet gateways (rule 9): what has no better way goes through the node that serves, for nodes that use one and for
 * clients behind this node that do. One node sends everything to one peer: its own gateway comes first, then the lowest id.
 */
export const internet: Rule = (around, viewer) => {
  const serving = gatewaysOf(around).filter(({ members }) => members.includes(viewer.nodeId));
  const uses = usesOf(around, viewer);
  const [first] = uses;
  const same = uses.filter(({ nodeId }) => nodeId === first?.nodeId);
  return [...serving.map((gateway) => outlet(around, gateway, viewer)), ...(first ? [way(first.nodeId, same)] : [])];
};

/** Whether a node that lets a client in can send everything on for it. */
export function reachesInternet(around: Landscape, { clientId }: ClientState, viewer: NodeState): boolean {
  const [first] = usesOf(around, viewer);
  return gatewaysOf(around)
    .filter(({ users }) => users.clients.includes(clientId))
    .some((gateway) => {
      if (gateway.members.includes(viewer.nodeId)) return true;
      const active = around.activeFor(viewer, gateway);
      return active !== undefined && (!first || first.nodeId === active.nodeId);
    });
}

/** What a node sends to the internet through another one: to whom, and from which addresses. */
export function internetUse(around: Landscape, viewer: NodeState): { nodeId: string; sources: string[] } | undefined {
  const uses = usesOf(around, viewer);
  const [first] = uses;
  if (!first) return undefined;
  const same = uses.filter(({ nodeId }) => nodeId === first.nodeId);
  const own = same.some((one) => one.own) ? around.ownPrefixes(viewer) : [];
  return { nodeId: first.nodeId, sources: [...new Set([...own, ...same.flatMap(({ sources }) => sources)])].sort() };
}

const gatewaysOf = ({ gateways }: Landscape) => gateways.filter(({ kind }) => kind === 'internet');

interface Use {
  gatewayId: string;
  /** Who serves. */
  nodeId: string;
  /** The node itself, or only clients behind it. */
  own: boolean;
  /** Addresses of those clients. */
  sources: string[];
}

/** What a node sends to others, in the order in which one is chosen, as far as relays on the way take it there. */
const usesOf = (around: Landscape, viewer: NodeState): Use[] =>
  wishesOf(around, viewer).filter(({ nodeId }) => isTaken(around, viewer, nodeId));

/** The same if there were no relays. */
function wishesOf(around: Landscape, viewer: NodeState): Use[] {
  const others = gatewaysOf(around).filter(({ members }) => !members.includes(viewer.nodeId));
  const uses = others.map((gateway) => use(around, viewer, gateway)).filter((one) => one !== undefined);
  return uses.sort((a, b) => Number(b.own) - Number(a.own));
}

function use(around: Landscape, viewer: NodeState, gateway: GatewayState): Use | undefined {
  const active = around.activeFor(viewer, gateway);
  if (!active) return undefined;
  const own = gateway.users.nodes.includes(viewer.nodeId);
  const clients = clientsOf(around, gateway).filter(({ gatewayId }) => {
    return around.state.gateways.get(gatewayId)?.active === viewer.nodeId;
  });
  const sources = clients.flatMap(allAllowed);
  return own || sources.length > 0 ? { gatewayId: gateway.gatewayId, nodeId: active.nodeId, own, sources } : undefined;
}

/** Whether all relays between a node and one that serves the internet send everything there, and not to another one. */
function isTaken(around: Landscape, viewer: NodeState, nodeId: string): boolean {
  const relays = relaysTo(around, viewer, nodeId);
  return relays.every((relayId) => outletAt(around, relayId) === nodeId);
}

/** Those who would send everything to a node, over a relay that sends it to another one. */
export function untaken(around: Landscape): { relayId: string; from: string; to: string; by: string }[] {
  return [...around.named].sort().flatMap((id) => {
    const viewer = around.node(id);
    const wish = viewer && wishesOf(around, viewer)[0];
    return (wish ? relaysTo(around, viewer, wish.nodeId) : []).flatMap((relayId) => {
      const by = outletAt(around, relayId);
      return wish && by !== undefined && by !== wish.nodeId ? [{ relayId, from: id, to: wish.nodeId, by }] : [];
    });
  });
}

function relaysTo(around: Landscape, viewer: NodeState, nodeId: string): readonly string[] {
  const serving = around.node(nodeId);
  const path = serving && choosePath(around.state, viewer, serving);
  return path?.kind === 'relayed' ? path.relays : [];
}

/** Where a relay sends everything: one node sends that to one peer. Its own wish comes first, then the gateway with the lowest id. */
function outletAt(around: Landscape, relayId: string): string | undefined {
  if (!around.outlets.has(relayId)) around.outlets.set(relayId, chooseOutlet(around, relayId));
  return around.outlets.get(relayId);
}

function chooseOutlet(around: Landscape, relayId: string): string | undefined {
  const relay = around.node(relayId);
  const own = relay && wishesOf(around, relay)[0];
  if (own) return own.nodeId;
  const passing = [...around.named].flatMap((id) => {
    const viewer = around.node(id);
    const wish = viewer && wishesOf(around, viewer)[0];
    return wish && relaysTo(around, viewer, wish.nodeId).includes(relayId) ? wish : [];
  });
  return passing.sort((a, b) => (a.gatewayId < b.gatewayId ? -1 : 1))[0]?.nodeId;
}

function way(nodeId: string, uses: readonly Use[]): Contribution {
  const sources = [...new Set(uses.flatMap((one) => one.sources))].sort();
  const only = uses.some(({ own }) => own) ? {} : { sources };
  return { reach: from(nodeId, EVERYTHING), resources: [{ name: 'internet', ...only, outside: [] }] };
}

/** Users only, and to anything but the mesh and what is behind this node for other reasons. */
function outlet(around: Landscape, gateway: GatewayState, viewer: NodeState): Contribution {
  const { gatewayId, users } = gateway;
  const nodes = users.nodes.map((id) => around.node(id)).filter((node) => node !== undefined);
  const sources = [
    ...nodes.flatMap((node) => around.ownPrefixes(node)),
    ...clientsOf(around, gateway).flatMap(allAllowed),
  ];
  const others = [...around.insiders, ...around.hidden(viewer), ...around.opened(viewer)];
  const out = { sources, destinations: except(EVERYTHING, others) };
  const nat = gateway.masquerade ? masquerade(gatewayId, out) : [];
  return { forward: true, resources: [...accept(gatewayId, out), ...nat] };
}

const clientsOf = ({ clients }: Landscape, { users }: GatewayState) =>
  clients.filter(({ clientId }) => users.clients.includes(clientId));

/** Addresses of a client of the families of which it may reach everything. */
function allAllowed({ addresses, allowed }: ClientState): string[] {
  const families = allowed.filter((prefix) => prefix.endsWith('/0')).map(familyOf);
  return addresses.map(hostPrefix).filter((prefix) => families.includes(familyOf(prefix)));
}
