import { linkedWith } from '#topology/crossing-ranges.js';
import type { ClientState, ClusterState, GatewayState } from '#topology/network-state.js';
import { familyOf, isIn, prefixOf } from './packet.js';
import type { Host, Site, Target } from './site.js';

/** What the rules say of one way: how the receiver sees the sender, that it is not reached, or nothing. */
export type Expectation = { reached: true; seenAs: string; at?: string } | { reached: false } | undefined;

const NEVER: Expectation = { reached: false };
/** Not the mesh's business, or said to be open in docs/planner.md. */
const OPEN: Expectation = undefined;

type Pod = Extract<Host, { kind: 'pod' }>;

/** docs/planner.md told once more, as who reaches whom. It knows nothing of peers, routes and filters. */
export function expectation(site: Site, sender: Host, target: Target): Expectation {
  const { host, address } = target;
  if (sender === host || !site.addresses(sender).some((own) => familyOf(own) === familyOf(address))) return OPEN;
  if (sender.kind === 'service' || sender.kind === 'lan' || sender.kind === 'web') return OPEN;
  const origin = site.origin(sender);
  if (origin === undefined) return NEVER;
  if (site.origin(host) === origin && site.state.network?.defaultPolicy !== 'allow') return OPEN;
  if (!isUp(site, origin) || site.state.network?.defaultPolicy !== 'allow') return cutOff(site, origin, host);
  if (isShadowed(site, origin, target)) return OPEN;
  if (sender.kind === 'client') return fromClient(site, { sender, client: sender.client, at: origin }, target);
  if (host.kind === 'client') return site.origin(host) === origin ? OPEN : NEVER;
  if (host.kind === 'web') return toWeb(site, { sender, at: origin }, host.address);
  if (sender.kind === 'pod' && (host.kind === 'pod' || host.kind === 'service')) {
    const linked = betweenClusters(site, sender, target);
    if (linked !== 'unlinked') return linked;
  }
  // A flat cluster's pods are those of its members; an address that no member has is nobody's.
  if (sender.kind === 'pod' && sender.cluster.model === 'flat' && !isKnown(sender)) return OPEN;
  return outward(site, { seenAs: knownAs(site, sender, address), at: origin }, target);
}

const isUp = ({ state }: Site, nodeId: string) => state.nodes.get(nodeId)?.enabled ?? false;

/** Nothing crosses; what is behind the same node is none of the mesh's. */
function cutOff(site: Site, nodeId: string, host: Host): Expectation {
  if (host.kind === 'web' || (host.kind === 'node' && host.nodeId === nodeId)) return OPEN;
  if (host.kind === 'lan') return host.gateway.members.includes(nodeId) ? OPEN : NEVER;
  if (host.kind === 'pod' || host.kind === 'service') return site.isAt(nodeId, host.cluster) ? OPEN : NEVER;
  return NEVER;
}

/** A node that has the address in a network of its own never asks the mesh. */
function isShadowed(site: Site, nodeId: string, { host, address }: Target): boolean {
  return [...site.state.clusters.values()].some(
    (cluster) =>
      site.isAt(nodeId, cluster) &&
      isIn(address, [...cluster.pods, ...cluster.services]) &&
      !(
        'cluster' in host &&
        host.cluster === cluster &&
        isKnown(host) &&
        host.kind === 'pod' &&
        host.nodeId !== nodeId
      ),
  );
}

/** Flat pods of a node are known to everybody. */
const isKnown = (host: Host): boolean => host.kind === 'pod' && host.cluster.model === 'flat' && host.nodeId !== null;

/** How somebody appears who goes to what everybody reaches; undefined: not at all. */
function knownAs(site: Site, sender: Host, like: string): string | undefined {
  if (sender.kind === 'node') return site.addressOf(sender.nodeId, like);
  if (sender.kind !== 'pod' || sender.cluster.model === 'isolated') return undefined;
  if (sender.cluster.model === 'flat') return isKnown(sender) ? sender.address : undefined;
  const origin = site.origin(sender);
  return origin === undefined ? undefined : site.addressOf(origin, like);
}

interface Going {
  seenAs: string | undefined;
  at: string;
  /** A client is let out by the very node that lets it in. */
  client?: ClientState;
}

function outward(site: Site, going: Going, target: Target): Expectation {
  const { seenAs, at, client } = going;
  const { host, address } = target;
  const to = (nodeId: string | undefined): Expectation => {
    if (nodeId === undefined || !isUp(site, nodeId) || seenAs === undefined) return NEVER;
    return nodeId === at && !client ? OPEN : { reached: true, seenAs };
  };
  switch (host.kind) {
    case 'node':
      return host.nodeId === at ? OPEN : to(host.nodeId);
    case 'pod':
      if (isKnown(host) && isUp(site, host.nodeId ?? '')) return to(host.nodeId ?? undefined);
      // A flat cluster's address that no member has is nobody's: a client may be allowed the whole range and find it.
      if (client && host.cluster.model === 'flat') return OPEN;
      return site.isAt(at, host.cluster) || (client && mayComePast(site, client, host.cluster)) ? OPEN : NEVER;
    case 'service':
      if (address === target.heard.address || site.crossing(host.cluster, host.address) === address)
        return site.isAt(at, host.cluster) ? OPEN : NEVER;
      if (!client && site.isAt(at, host.cluster)) return OPEN;
      return to(publishing(site, { cluster: host.cluster, address }, client && at));
    case 'lan':
      return toLan(site, going, host);
    default:
      return OPEN;
  }
}

const stands = (site: Site, nodeId: string, cluster: ClusterState): boolean =>
  site.door(cluster)?.members.includes(nodeId) ?? false;

/** Who translates a published address: the node whose own it is; else who serves the door, or stands ready in it and has it first. */
function publishing(
  site: Site,
  { cluster, address }: { cluster: ClusterState; address: string },
  first: string | undefined,
): string | undefined {
  const door = site.door(cluster);
  const holder = site.state.nodes.find(({ addresses }) => addresses.includes(address));
  if (holder) return door?.members.includes(holder.nodeId) ? holder.nodeId : undefined;
  const serving = site.serving(door);
  return serving !== undefined && first !== undefined && stands(site, first, cluster) ? first : serving;
}

function toLan(
  site: Site,
  { seenAs, at, client }: Going,
  { gateway, address }: Extract<Host, { kind: 'lan' }>,
): Expectation {
  const chosen = [...site.state.gateways.values()]
    .filter((one) => one.kind === 'egress' && (one.members.includes(at) || site.serving(one) !== undefined))
    .flatMap((one) => one.ranges.filter((range) => isIn(address, [range])).map((range) => ({ one, range })))
    .sort((a, b) => prefixOf(b.range).length - prefixOf(a.range).length)[0]?.one;
  if (!chosen) return leavesAt(site, at, client).some((id) => gateway.members.includes(id)) ? OPEN : NEVER;
  if (chosen !== gateway) return chosen.members.some((id) => gateway.members.includes(id)) ? OPEN : NEVER;
  if (seenAs === undefined) return chosen.members.includes(at) ? OPEN : NEVER;
  if (chosen.members.includes(at)) {
    if (!client || (!gateway.masquerade && site.serving(gateway) !== at)) return OPEN;
    return { reached: true, seenAs: gateway.masquerade ? site.outside(at)[familyOf(address)] : seenAs, at };
  }
  const at2 = site.serving(gateway)!;
  return { reached: true, seenAs: gateway.masquerade ? site.outside(at2)[familyOf(address)] : seenAs, at: at2 };
}

/** A client's permission holds at every member of its gateway: a wider range or a link may lead past one of them. */
const mayComePast = (site: Site, { gatewayId }: ClientState, cluster: ClusterState): boolean =>
  site.state.gateways.get(gatewayId)?.members.some((id) => site.isAt(id, cluster)) ?? false;

/** Where everything that has no better way comes out. */
function leavesAt(site: Site, at: string, client: ClientState | undefined): string[] {
  const used = outlets(site).filter(
    ({ users }) => users.nodes.includes(at) || (client && users.clients.includes(client.clientId)),
  );
  return used.flatMap((one) => site.serving(one) ?? []);
}

function fromClient(
  site: Site,
  { sender, client, at }: { sender: Host; client: ClientState; at: string },
  target: Target,
): Expectation {
  const { host, address } = target;
  const seenAs = site.addresses(sender).find((own) => familyOf(own) === familyOf(address));
  if (host.kind === 'node' && host.nodeId === at)
    return isIn(address, client.allowed) ? { reached: true, seenAs: seenAs ?? '' } : NEVER;
  const isBehind = (host.kind === 'pod' || host.kind === 'service') && stands(site, at, host.cluster);
  // The same host by its virtual address.
  if (isBehind && isIn(target.heard.address, client.allowed)) return OPEN;
  if (!isIn(address, client.allowed))
    return host.kind === 'service' && isSameService(site, client, target) ? OPEN : NEVER;
  if (host.kind === 'web') return clientToWeb(site, { client, at }, address);
  if (host.kind !== 'client') return outward(site, { seenAs, at, client }, target);
  const there = site.origin(host);
  const lets = site.state.gateways.get(client.gatewayId)?.members.includes(there ?? '');
  return there !== undefined && lets ? { reached: true, seenAs: seenAs ?? '' } : NEVER;
}

/** Whether a client may reach the very same service by another address. */
const isSameService = ({ state }: Site, { allowed }: ClientState, { heard }: Target): boolean =>
  state.publications.some(
    ({ service, mesh }) =>
      service.address === heard.address && service.port === heard.port && isIn(mesh.address, allowed),
  );

/** Internet gateways, the lowest id first. */
const outlets = ({ state }: Site): GatewayState[] =>
  [...state.gateways.values()]
    .filter(({ kind }) => kind === 'internet')
    .sort((a, b) => (a.gatewayId < b.gatewayId ? -1 : 1));

const viaOutlet = (site: Site, { masquerade }: GatewayState, nodeId: string, own: string): Expectation => ({
  reached: true,
  seenAs: masquerade ? site.outside(nodeId)[familyOf(own)] : own,
  at: nodeId,
});

/** Who uses no gateway to the internet goes there from its own node. */
function toWeb(site: Site, { sender, at }: { sender: Host; at: string }, address: string): Expectation {
  if (sender.kind === 'pod' && !isKnown(sender)) return OPEN;
  const own = knownAs(site, sender, address) ?? '';
  const used = outlets(site).find(
    (one) => one.users.nodes.includes(at) && !one.members.includes(at) && site.serving(one),
  );
  return used ? viaOutlet(site, used, site.serving(used)!, own) : { reached: true, seenAs: own, at };
}

function clientToWeb(site: Site, { client, at }: { client: ClientState; at: string }, address: string): Expectation {
  const own = client.addresses.find((one) => familyOf(one) === familyOf(address)) ?? '';
  const used = outlets(site).find(({ users }) => users.clients.includes(client.clientId));
  if (!used) return NEVER;
  if (used.members.includes(at)) return viaOutlet(site, used, at, own);
  const serving = site.serving(used);
  if (serving === undefined) return NEVER;
  const others = outlets(site).filter((one) => !one.members.includes(at) && site.serving(one) !== undefined);
  const theirs = others.find((one) => one.users.nodes.includes(at)) ?? others.find((one) => hasClientAt(site, one, at));
  return theirs && site.serving(theirs) !== serving ? NEVER : viaOutlet(site, used, serving, own);
}

const hasClientAt = (site: Site, { users }: GatewayState, at: string): boolean =>
  users.clients.some((id) => {
    const client = site.state.clients.get(id);
    const everything = client?.allowed.some((range) => range.endsWith('/0'));
    return everything && site.origin({ kind: 'client', client: client! }) === at;
  });

function betweenClusters(site: Site, sender: Pod, { host, address }: Target): Expectation | 'unlinked' {
  if (host.kind !== 'pod' && host.kind !== 'service') return 'unlinked';
  const [here, there] = [sender.cluster, host.cluster];
  if (here === there) return isKnown(sender) && isKnown(host) ? 'unlinked' : OPEN;
  const linked = linkedWith(site.state, here.clusterId).includes(there.clusterId);
  if (!linked || site.crossing(there, host.address) !== address) return 'unlinked';
  const [ours, theirs] = [site.serving(site.door(here)), site.serving(site.door(there))];
  if (isKnown(host) && isTranslated(site, here) && isInside(site, sender)) return 'unlinked';
  if ((!isKnown(sender) && ours === undefined) || (!isKnown(host) && theirs === undefined))
    return mayLeadElsewhere(site, address) || isOnRelay(site, host) || isOnRelay(site, sender) ? OPEN : NEVER;
  if (isKnown(sender) && isTranslated(site, there) && isInside(site, host)) return OPEN;
  if (host.kind === 'pod' && host.nodeId !== null && !isUp(site, host.nodeId)) return OPEN;
  return { reached: true, seenAs: site.crossing(here, sender.address) };
}

/** A wider range of somebody who is ready for the other cluster. */
const mayLeadElsewhere = ({ state }: Site, address: string): boolean =>
  state.gateways.some(({ kind, ranges }) => kind === 'internet' || isIn(address, ranges));

/** A relay lets what is for its own pods, or from them, go to linked clusters and back without the door. */
const isOnRelay = (site: Site, host: Host): boolean =>
  host.kind === 'pod' && host.nodeId !== null && site.state.relays.has(host.nodeId);

const isTranslated = (site: Site, cluster: ClusterState): boolean =>
  cluster.pods.some((range) => site.crossing(cluster, range.split('/')[0]!) !== range.split('/')[0]);

/** On a node that does not stand in its cluster's door. */
const isInside = (site: Site, host: Host): boolean =>
  host.kind === 'pod' && host.nodeId !== null && !site.door(host.cluster)?.members.includes(host.nodeId);
