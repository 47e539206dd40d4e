import type { Resource } from '#contracts/node-stream.js';
import type { NodeState } from '#topology/network-state.js';
import { hostPrefix } from '#ipam/prefix.js';
import { crossingRanges } from '#topology/crossing-ranges.js';
import { flatPodsOf } from '../flat-pods.js';
import { choosePath } from '../paths/choose-path.js';
import { isUsableRelay } from '../paths/reach.js';
import { covering, except, isWithin } from '../prefix-lists.js';
import { EVERYTHING } from './contribution.js';
import { internetUse, untaken } from './internet.js';
import type { Landscape } from './landscape.js';
import { isTranslated, partners } from './links.js';
import { ownExtras, UNNAMED } from './own-extras.js';
import { RelayTable, type Unrelayed, type Wanted } from './relay-table.js';

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
  const demands = relays.length === 0 ? [] : demandsOf(around);
  const loads = relays.map((relay): [string, Load] => [relay.nodeId, loadOf(around, relay, demands)]);
  const unrelayed = loads.flatMap(([, load]) => load.unrelayed);
  const everything = untaken(around).flatMap((one) =>
    EVERYTHING.map((prefix): Unrelayed => ({ ...one, prefix, because: 'taken' })),
  );
  const refused = new Map<string, Map<string, Set<string>>>();
  for (const { from, to, prefix } of unrelayed) {
    if (from === null) continue;
    const others = refused.get(from) ?? new Map<string, Set<string>>();
    refused.set(from, others.set(to, (others.get(to) ?? new Set()).add(prefix)));
  }
  return { carried: new Map(loads), refused, unrelayed: [...unrelayed, ...everything] };
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

function loadOf(around: Landscape, relay: NodeState, all: readonly Demand[]): Load {
  const demands = all.filter(({ relays }) => relays.includes(relay.nodeId));
  const rightful = rightfulOwners(around);
  const wanted = demands.flatMap(({ viewer, other, prefixes }) =>
    prefixes.map((prefix): Wanted => ({ from: viewer, to: other, prefix })),
  );
  const doors = new Set(around.gateways.filter(({ kind }) => kind === 'cluster').map(({ active }) => active));
  const isRightful = ({ from, to, prefix }: Wanted) =>
    rightful.get(prefix) === to.nodeId && doors.has(from?.nodeId ?? null);
  const table = new RelayTable({ around, relay, rightful, wanted });
  for (const one of wanted.filter(isRightful)) table.take(one);
  table.keep();
  // Any relay may be on the way of nodes that nothing names. What they send it has by itself, unless it is named.
  for (const [otherId, { prefixes }] of ownExtras(around, UNNAMED).behind) {
    const other = otherId === relay.nodeId ? undefined : around.node(otherId);
    for (const prefix of other ? prefixes : []) table.take({ from: null, to: other!, prefix });
  }
  for (const one of wanted.filter((each) => !isRightful(each))) table.take(one);

  const users = demands
    .filter(({ other, prefixes }) => prefixes.some((prefix) => isEverything(prefix) && table.leads(prefix, other)))
    .flatMap(({ viewer }) => internetUse(around, viewer)?.sources ?? []);
  return {
    behind: table.taken,
    moved: table.moved,
    users: [...new Set(users)].sort(),
    resources: ways(around, relay, { prefixes: [...table.taken.values()].flatMap((some) => [...some]), users }),
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
function ways(
  around: Landscape,
  relay: NodeState,
  { prefixes, users }: { prefixes: readonly string[]; users: readonly string[] },
): Resource[] {
  const served = [...around.mesh, ...sentTo(around, relay)].filter((prefix) => !isEverything(prefix));
  const ranges = prefixes
    .filter((prefix) => !isEverything(prefix) && !around.mesh.some((range) => isWithin(prefix, range)))
    .flatMap((prefix) =>
      except(
        [prefix],
        served.filter((inner) => inner !== prefix && isWithin(inner, prefix)),
      ),
    );
  const own = covering(ownSources(around, relay));
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

/** What others send to a node because it is behind it. */
function sentTo(around: Landscape, { nodeId }: NodeState): string[] {
  const named = [...around.named].flatMap((id) => around.node(id) ?? []);
  const viewers = [...named, UNNAMED].filter((viewer) => viewer.nodeId !== nodeId);
  return [
    ...(flatPodsOf(around.state).get(nodeId) ?? []),
    ...viewers.flatMap((viewer) => ownExtras(around, viewer).behind.get(nodeId)?.prefixes ?? []),
  ];
}

/** Whose packets the relay deals with itself, wherever they go: its clients', and those of pods that it translates. */
const ownSources = (around: Landscape, relay: NodeState): string[] => [
  ...around.clients
    .filter(({ gatewayId }) => around.state.gateways.get(gatewayId)?.active === relay.nodeId)
    .flatMap(({ addresses }) => addresses.map(hostPrefix)),
  ...around.clusters
    .filter((cluster) => around.isDoor(relay, cluster) && isTranslated(around, cluster))
    .flatMap(({ members }) => [...members].flatMap(([nodeId, pods]) => (nodeId === relay.nodeId ? [] : pods))),
];
