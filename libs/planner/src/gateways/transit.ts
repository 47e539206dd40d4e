import type { Resource } from '#contracts/node-stream.js';
import type { NodeState } from '#topology/network-state.js';
import { hostPrefix } from '#ipam/prefix.js';
import { crossingRanges } from '#topology/crossing-ranges.js';
import { flatPodsOf } from '../flat-pods.js';
import { choosePath } from '../paths/choose-path.js';
import { peerSeenBy } from '../paths/peer-seen.js';
import { isUsableRelay } from '../paths/reach.js';
import { covering, except, isWithin } from '../prefix-lists.js';
import { EVERYTHING } from './contribution.js';
import { internetUse, untaken } from './internet.js';
import type { Landscape } from './landscape.js';
import { isForReady, isTranslated, partners } from './links.js';
import { ownExtras, UNNAMED } from './own-extras.js';
import { RelayTable, type Unrelayed, type Wanted } from './relay-table.js';
import { Views } from './views.js';

/** Prefixes behind one node. */
export type Carried = ReadonlySet<string>;

/** What a relay has because others send through it. */
export interface RelayLoad {
  /** Node id → the prefixes behind it that it takes there. */
  behind: ReadonlyMap<string, Carried>;
  /** Node id → the prefixes that it would itself send there, and sends where it takes them for others. */
  moved: ReadonlyMap<string, Carried>;
  /** Addresses of those whose way to the internet it is. */
  users: readonly string[];
  resources: readonly Resource[];
}

export interface Transit {
  carried: ReadonlyMap<string, RelayLoad>;
  /** Node id → other node → prefixes that it must not send there: a relay on the way would take them elsewhere. */
  refused: ReadonlyMap<string, ReadonlyMap<string, Carried>>;
  /** The same for people. */
  unrelayed: readonly Unrelayed[];
}

const known = new WeakMap<Landscape, Transit>();

/**
 * What relays take for others besides addresses of nodes and flat pods (rules 3, 4): whatever two nodes that talk through
 * a relay send to each other, the relay needs behind the same two. It looks at destinations only, so it knows one owner of
 * a prefix: what serving doors send each other comes first, then the relay's own view. Whoever would lose is told to send nothing.
 */
export function transitOf(around: Landscape): Transit {
  let transit = known.get(around);
  if (!transit) known.set(around, (transit = workOut(around)));
  return transit;
}

function workOut(around: Landscape): Transit {
  const { state } = around;
  const relays = [...state.relays.keys()].sort().flatMap((id) => {
    const relay = isUsableRelay(state, id) ? around.node(id) : undefined;
    return relay ?? [];
  });
  const refused = new Map<string, Map<string, Set<string>>>();
  const { loads, unrelayed } = relays.length === 0 ? NOTHING : loadsOf(around, relays);
  for (const { from, to, prefix } of unrelayed) {
    if (from === null) continue;
    const others = refused.get(from) ?? new Map<string, Set<string>>();
    refused.set(from, others.set(to, (others.get(to) ?? new Set()).add(prefix)));
  }
  const everything = untaken(around).flatMap((one) =>
    EVERYTHING.map((prefix): Unrelayed => ({ ...one, prefix, because: 'taken' })),
  );
  return { carried: loads, refused, unrelayed: [...unrelayed, ...everything] };
}

interface Loads {
  loads: ReadonlyMap<string, RelayLoad>;
  unrelayed: readonly Unrelayed[];
}

const NOTHING: Loads = { loads: new Map(), unrelayed: [] };

/** Whoever is told not to send something sends by a wider range, and is on no other relay's way: looked at again until nothing new is found. */
function loadsOf(around: Landscape, relays: readonly NodeState[]): Loads {
  const demands = demandsOf(around);
  const views = new Views(around);
  const unrelayed: Unrelayed[] = [];
  for (;;) {
    const loads = relays.map((relay) => loadOf(around, { relay, views }, demands));
    const found = loads.flatMap((load) => load.unrelayed);
    if (found.length === 0) return { loads: new Map(loads.map((load, n) => [relays[n]!.nodeId, load])), unrelayed };
    unrelayed.push(...found);
    for (const { relayId, from, to, prefix } of found) views.refuse(from ?? relayId, to, prefix);
  }
}

/** What one node sends to another through relays. */
interface Demand {
  viewer: NodeState;
  other: NodeState;
  prefixes: readonly string[];
  relays: readonly string[];
}

function demandsOf(around: Landscape): Demand[] {
  const { state } = around;
  return [...around.named].sort().flatMap((id) => {
    const viewer = around.node(id);
    if (!viewer) return [];
    return [...ownExtras(around, viewer).behind].flatMap(([otherId, { prefixes }]): Demand[] => {
      const other = around.node(otherId);
      const path = other && choosePath(state, viewer, other);
      return path?.kind === 'relayed' ? [{ viewer, other: other!, prefixes, relays: path.relays }] : [];
    });
  });
}

interface Load extends RelayLoad {
  unrelayed: Unrelayed[];
}

function loadOf(around: Landscape, { relay, views }: { relay: NodeState; views: Views }, all: readonly Demand[]): Load {
  const demands = all.filter(({ relays }) => relays.includes(relay.nodeId));
  const rightful = rightfulOwners(around);
  const wanted = demands.flatMap(({ viewer, other, prefixes }) =>
    prefixes
      .filter((prefix) => !views.isRefused(viewer.nodeId, other.nodeId, prefix))
      .map((prefix) => ({ from: viewer, to: other, prefix }))
      .filter((one) => !isForReady(around, one)),
  );
  const doors = new Set(around.gateways.filter(({ kind }) => kind === 'cluster').map(({ active }) => active));
  const isRightful = ({ from, to, prefix }: Wanted) =>
    rightful.get(prefix) === to.nodeId && doors.has(from?.nodeId ?? null);
  const table = new RelayTable({ around, relay, rightful, wanted, views });
  for (const one of wanted.filter(isRightful)) table.take(one);
  table.keep();
  // Any relay may be on the way of nodes that nothing names. What they send it has by itself, unless it is named.
  for (const [otherId, { prefixes }] of ownExtras(around, UNNAMED).behind) {
    const other = otherId === relay.nodeId ? undefined : around.node(otherId);
    for (const prefix of other ? prefixes : [])
      if (!views.isRefused(relay.nodeId, otherId, prefix)) table.take({ from: null, to: other!, prefix });
  }
  for (const one of wanted.filter((each) => !isRightful(each))) table.take(one);
  table.keepReady();

  const users = demands
    .filter(({ other, prefixes }) => prefixes.some((prefix) => isEverything(prefix) && table.leads(prefix, other)))
    .flatMap(({ viewer }) => internetUse(around, viewer)?.sources ?? []);
  return {
    behind: table.taken,
    moved: table.moved,
    users: [...new Set(users)].sort(),
    resources: ways(around, table, users),
    unrelayed: table.unrelayed,
  };
}

/** Prefix → the node that serves the door of the very cluster that it is a range of. */
const rightfulOwners = (around: Landscape): ReadonlyMap<string, string> =>
  new Map(
    around.clusters.flatMap((cluster) => {
      const active = around.door(cluster.clusterId)?.active;
      if (!active || partners(around, cluster).length === 0) return [];
      return crossingRanges(around.state, cluster).map(({ crossing }): [string, string] => [crossing, active]);
    }),
  );

const isEverything = (prefix: string): boolean => prefix.endsWith('/0');

/** What others send through the relay goes back into the tunnel; but for what they mean to be with the relay itself. */
function ways(around: Landscape, table: RelayTable, users: readonly string[]): Resource[] {
  const { relay } = table;
  const prefixes = [...table.taken.values()].flatMap((some) => [...some]);
  const served = [...around.mesh, ...sentTo(around, relay)].filter((prefix) => !isEverything(prefix));
  const ranges = [...prefixes, ...flatPodsPast(around, relay)]
    .filter((prefix) => !isEverything(prefix) && !around.mesh.some((range) => isWithin(prefix, range)))
    .flatMap((prefix) =>
      except(
        [prefix],
        served.filter((inner) => inner !== prefix && isWithin(inner, prefix)),
      ),
    );
  const own = covering(ownSources(around, table));
  const found: Resource[] = [];
  if (ranges.length > 0)
    found.push({
      name: 'transit/ranges',
      ...(own.length > 0 && { except: own }),
      destinations: covering(ranges),
    });
  if (users.length > 0)
    found.push({ name: 'transit/internet', sources: covering(users), destinations: except(EVERYTHING, served) });
  return found;
}

/**
 * Flat pods are the relay's peers' own, with routes. But what linked clusters send them must not be taken for that of a cluster
 * with the same ranges that the relay translates.
 */
function flatPodsPast(around: Landscape, relay: NodeState): string[] {
  const { state, clusters } = around;
  if (!clusters.some((cluster) => around.isDoor(relay, cluster) && isTranslated(around, cluster))) return [];
  return [...flatPodsOf(state).keys()].flatMap((nodeId) => {
    const other = around.peer(relay, nodeId);
    return other ? peerSeenBy(state, relay, other).routes.map(({ cidr }) => cidr) : [];
  });
}

/** What others send to a node because it is behind it. */
function sentTo(around: Landscape, relay: NodeState): string[] {
  const named = [...around.named].flatMap((id) => around.node(id) ?? []);
  const viewers = [...named, UNNAMED].filter(({ nodeId }) => nodeId !== relay.nodeId);
  return [
    ...(flatPodsOf(around.state).get(relay.nodeId) ?? []),
    ...viewers.flatMap((from) => {
      const prefixes = ownExtras(around, from).behind.get(relay.nodeId)?.prefixes ?? [];
      return prefixes.filter((prefix) => !isForReady(around, { from, to: relay, prefix }));
    }),
  ];
}

/** Whose packets the relay deals with itself, wherever they go: its clients', and those of pods that it translates. */
const ownSources = (around: Landscape, table: RelayTable): string[] => [
  ...around.clients
    .filter(({ gatewayId }) => around.state.gateways.get(gatewayId)?.active === table.relay.nodeId)
    .flatMap(({ addresses }) => addresses.map(hostPrefix)),
  ...around.clusters
    .filter((cluster) => around.isDoor(table.relay, cluster) && isTranslated(around, cluster))
    .flatMap(({ members }) =>
      [...members].flatMap(([nodeId, pods]) =>
        nodeId === table.relay.nodeId ? [] : pods.filter((range) => table.owner(range) === nodeId),
      ),
    ),
];
