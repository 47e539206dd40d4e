import type {
  FilterResource,
  InterfaceResource,
  InternetResource,
  NatResource,
  PeerResource,
  Resource,
  TransitResource,
} from '#contracts/node-stream.js';
import { desiredFirewall } from '#wireguard/core/firewall/firewall.js';
import { familyOf, isIn, longest, moved, type Packet, reversed, textOf } from './packet.js';

/** A node as the planner made it, and what its kernel knows besides. */
export interface Machine {
  nodeId: string;
  resources: readonly Resource[];
  /** Ranges that the node reaches by interfaces of its own: pods, services, a LAN. */
  local: readonly string[];
  /** The address that it has there, per family. */
  outside: Record<4 | 6, string>;
}

/** Where a packet ends. */
export type End =
  | { at: 'node' | 'behind'; nodeId: string; packet: Packet }
  | { at: 'client'; clientId: string; packet: Packet }
  | { at: 'nowhere'; nodeId: string; why: string };

/** Where a packet comes from: made by the node itself, by what is behind it, or by a peer. */
export type Entry = { nodeId: string; by: 'node' | 'behind' | `peer/${string}` };

interface Flow {
  was: Packet;
  became: Packet;
}

/**
 * Follows packets from node to node by nothing but their sets, the way the kernel does: source check, translation of
 * the destination, route, filter, translation of the source, allowed IPs of the peer. Each machine remembers its flows.
 */
export class Mesh {
  readonly #machines: ReadonlyMap<string, Machine>;
  readonly #flows = new Map<string, Flow[]>();

  constructor(machines: readonly Machine[]) {
    this.#machines = new Map(machines.map((machine) => [machine.nodeId, machine]));
  }

  send(packet: Packet, entry: Entry): End {
    let here = entry;
    let now = packet;
    for (let hops = 0; hops < 10; hops++) {
      const machine = this.#machines.get(here.nodeId);
      if (!machine) return { at: 'nowhere', nodeId: here.nodeId, why: 'there is no such node' };
      const next = this.#pass(machine, now, here.by);
      if ('at' in next) return next;
      now = next.packet;
      here = { nodeId: next.peer, by: `peer/${machine.nodeId}` };
    }
    return { at: 'nowhere', nodeId: here.nodeId, why: 'it goes in circles' };
  }

  #pass(machine: Machine, arrived: Packet, by: Entry['by']): End | { peer: string; packet: Packet } {
    const { nodeId, resources, outside } = machine;
    const lost = (why: string): End => ({ at: 'nowhere', nodeId, why });
    const fromTunnel = by.startsWith('peer/');
    if (fromTunnel && longest(arrived.source, allowed(resources))?.peer !== by)
      return lost(`${arrived.source} may not come from ${by}`);

    const reply = this.#flowsOf(nodeId).find(({ became }) => textOf(reversed(became)) === textOf(arrived));
    const isPassing = fromTunnel && passes(resources, arrived);
    const packet = reply ? reversed(reply.was) : fromTunnel && !isPassing ? arriving(resources, arrived) : arrived;
    if (isOwn(machine, packet.destination)) {
      const verdict = fromTunnel && !reply && filteredHere(resources, packet);
      return verdict ? lost(verdict) : { at: 'node', nodeId, packet };
    }

    const intoTunnel = isPassing || routed(machine, packet, fromTunnel);
    if (by !== 'node') {
      if ((fromTunnel || intoTunnel) && !forwards(resources)) return lost('it does not forward');
      if ((fromTunnel || intoTunnel) && !reply) {
        const verdict = filtered(resources, packet, fromTunnel && intoTunnel);
        if (verdict) return lost(verdict);
      }
    }
    const source =
      reply || isPassing
        ? packet.source
        : leavingSource({ resources, outside }, packet, { by, fromTunnel, intoTunnel });
    if (source === undefined) return lost('it has no address of that family to leave with');
    const leaving = { ...packet, source };
    if (!reply) this.#flowsOf(nodeId).push({ was: arrived, became: leaving });
    if (!intoTunnel) return { at: 'behind', nodeId, packet: leaving };

    const way = longest(leaving.destination, allowed(resources));
    if (!way) return lost(`no peer has ${leaving.destination}`);
    const peer = way.peer.slice('peer/'.length);
    if (this.#machines.has(peer)) return { peer, packet: leaving };
    return { at: 'client', clientId: peer, packet: leaving };
  }

  #flowsOf(nodeId: string): Flow[] {
    const flows = this.#flows.get(nodeId) ?? [];
    this.#flows.set(nodeId, flows);
    return flows;
  }

  /** A new mesh in mind: flows forgotten. */
  forget(): void {
    this.#flows.clear();
  }
}

const sorted = new WeakMap<readonly Resource[], Map<string, Resource[]>>();

function ofKind<R extends Resource>(resources: readonly Resource[], kind: string): R[] {
  let kinds = sorted.get(resources);
  if (!kinds) {
    sorted.set(resources, (kinds = new Map()));
    for (const body of resources) {
      const own = body.name.split('/')[0] ?? '';
      kinds.set(own, [...(kinds.get(own) ?? []), body]);
    }
  }
  return (kinds.get(kind) ?? []) as R[];
}

const known = new WeakMap<readonly Resource[], { range: string; peer: string }[]>();

function allowed(resources: readonly Resource[]): { range: string; peer: string }[] {
  let entries = known.get(resources);
  if (!entries) {
    const peers = ofKind<PeerResource>(resources, 'peer');
    // Who is reached through a relay is no peer of WireGuard's: what it has is the relay's.
    entries = peers.flatMap(({ name, via, allowedIps }) =>
      allowedIps.map((range) => ({ range, peer: via === undefined ? (name as string) : `peer/${via}` })),
    );
    known.set(resources, entries);
  }
  return entries;
}

function arriving(resources: readonly Resource[], packet: Packet): Packet {
  for (const nat of ofKind<NatResource>(resources, 'nat')) {
    if (nat.kind === 'publish' && nat.mesh.address === packet.destination && nat.mesh.port === packet.port)
      return { ...packet, destination: nat.service.address, port: nat.service.port };
    if (nat.kind === 'prefix' && isIn(packet.destination, [nat.virtual]))
      return { ...packet, destination: moved(packet.destination, nat.virtual, nat.real) };
  }
  return packet;
}

const isOwn = ({ resources, outside }: Machine, address: string): boolean =>
  Object.values(outside).includes(address) ||
  resources.some((body) => body.name === 'interface' && 'mtu' in body && isIn(address, body.addresses));

/** Whether a packet goes into the tunnel: by a route that is longer than those of the node's own, or for want of any. */
function routed({ resources, local }: Machine, packet: Packet, fromTunnel: boolean): boolean {
  const routes = ofKind<{ name: 'route/'; cidr: string } & Resource>(resources, 'route').map(({ cidr }) => ({
    range: cidr,
    tunnel: true,
  }));
  // Its own come first: of two routes to one range the kernel keeps that which was there.
  const way = longest(packet.destination, [...local.map((range) => ({ range, tunnel: false })), ...routes]);
  if (way) return way.tunnel;
  const [internet] = ofKind<InternetResource>(resources, 'internet');
  return internet !== undefined && (!internet.sources || (fromTunnel && isIn(packet.source, internet.sources)));
}

/** Whether a packet only comes by: it goes back into the tunnel as it came. */
const passes = (resources: readonly Resource[], { source, destination }: Packet): boolean =>
  ofKind<TransitResource>(resources, 'transit').some(
    ({ sources, except = [], destinations }) =>
      (!sources || isIn(source, sources)) && !isIn(source, except) && isIn(destination, destinations),
  );

const forwards = (resources: readonly Resource[]): boolean =>
  resources.some((body) => body.name === 'interface' && 'forward' in body);

const enforced = new WeakMap<readonly Resource[], readonly FilterResource[]>();

/** As the agent reads them: it looks at real addresses only, and takes a rule that names virtual ones to mean those. */
function filtersOf(resources: readonly Resource[]): readonly FilterResource[] {
  let filters = enforced.get(resources);
  if (!filters) {
    const own = resources.find((body): body is InterfaceResource => body.name === 'interface');
    const firewall = own && desiredFirewall(resources, own, { interfaceName: 'tmb0', ipv6: true });
    enforced.set(resources, (filters = firewall?.filters ?? []));
  }
  return filters;
}

function filtered(resources: readonly Resource[], packet: Packet, isThrough: boolean): string | undefined {
  const filters = filtersOf(resources);
  if (filters.length === 0) return undefined;
  return judged(
    filters.filter(({ way }) => !way || (way === 'through') === isThrough),
    packet,
  );
}

/** What is addressed to the node: of sources that a local filter names. */
function filteredHere(resources: readonly Resource[], packet: Packet): string | undefined {
  const filters = filtersOf(resources).filter(({ local }) => local);
  return filters.some(({ sources }) => isIn(packet.source, sources)) ? judged(filters, packet) : undefined;
}

function judged(filters: readonly FilterResource[], { source, destination, port }: Packet): string | undefined {
  const fits = (verdict: string) =>
    filters.find(
      (one) =>
        one.verdict === verdict &&
        isIn(source, one.sources) &&
        isIn(destination, one.destinations) &&
        (!one.service || one.service.port === port),
    );
  const drop = fits('drop');
  if (drop) return `${drop.name} drops it`;
  return fits('accept') ? undefined : `no filter accepts ${source} > ${destination}`;
}

function leavingSource(
  { resources, outside }: Pick<Machine, 'resources' | 'outside'>,
  { source, destination }: Packet,
  { by, fromTunnel, intoTunnel }: { by: Entry['by']; fromTunnel: boolean; intoTunnel: boolean },
): string | undefined {
  if (by === 'node') return source;
  const nats = ofKind<NatResource>(resources, 'nat');
  const masked = nats.some(
    (nat) => nat.kind === 'masquerade' && isIn(source, nat.sources) && isIn(destination, nat.destinations),
  );
  if (masked && fromTunnel !== intoTunnel)
    return intoTunnel ? meshAddress(resources, source) : outside[familyOf(source)];
  for (const nat of nats)
    if (intoTunnel && nat.kind === 'prefix' && isIn(source, [nat.real])) return moved(source, nat.real, nat.virtual);
  return source;
}

function meshAddress(resources: readonly Resource[], like: string): string | undefined {
  const own = resources.find((body) => body.name === 'interface');
  const addresses = own && 'addresses' in own ? own.addresses : [];
  return addresses.find((one) => familyOf(one) === familyOf(like))?.split('/')[0];
}
