/** Round-trip time between two nodes, milliseconds. */
export interface MeasuredPair {
  a: string;
  b: string;
  rtt: number;
}

export interface EtcdQuestion {
  /** One entry for a pair, in either order. */
  pairs: Iterable<MeasuredPair>;
  /** Members that the cluster is to have; 1 or more. */
  members: number;
  /** Sets to name. */
  choices: number;
  /** Nodes that a search may try to add before it settles for the best so far (default {@link SEARCH_STEPS}). */
  steps?: number;
}

export interface EtcdSet {
  /** Sorted. */
  members: string[];
  /** The pair that is farthest apart; null for one member alone. */
  worst: MeasuredPair | null;
  limits: EtcdLimits;
}

export interface EtcdAdvice {
  /** The best first: smallest worst pair, then smallest sum of all pairs, then by name. */
  sets: EtcdSet[];
  /** Every set was considered; else these are good ones, and a better one may exist. */
  exact: boolean;
}

/**
 * What etcd recommends (https://etcd.io/docs/latest/tuning/#time-parameters): a heartbeat interval around the largest round-trip
 * time between members, 100 ms by default; an election timeout of at least ten times that time, 1,000 ms by default and
 * 50,000 ms at most, which makes five seconds the longest round-trip time.
 */
export const ETCD = {
  source: 'https://etcd.io/docs/latest/tuning/#time-parameters',
  heartbeatMs: 100,
  electionMs: 1_000,
  longestElectionMs: 50_000,
  timesRtt: 10,
} as const;

/** `default`: etcd works as it is; `tuned`: with these two settings on every member; `too far`: with none. */
export interface EtcdLimits {
  fits: 'default' | 'tuned' | 'too far';
  heartbeatMs: number;
  electionMs: number;
}

/** A second or so of searching. */
export const SEARCH_STEPS = 2_000_000;

/** What etcd's members have to be told when the farthest two are so many milliseconds apart. */
export function etcdLimits(worstRtt: number): EtcdLimits {
  const { heartbeatMs, electionMs, longestElectionMs, timesRtt } = ETCD;
  if (worstRtt <= heartbeatMs) return { fits: 'default', heartbeatMs, electionMs };
  const heartbeat = Math.ceil(worstRtt / 10) * 10;
  const election = heartbeat * timesRtt;
  return { fits: election <= longestElectionMs ? 'tuned' : 'too far', heartbeatMs: heartbeat, electionMs: election };
}

/**
 * The sets of nodes that are best for etcd's members: every two of a set have been measured, and the two that are farthest
 * apart are as near as can be. Searches all sets, leaving out what cannot be among the best; where that takes more than
 * `steps`, the answer is the best that was found (starting from each node with those nearest to it), and says so.
 */
export function adviseEtcd({ pairs, members, choices, steps = SEARCH_STEPS }: EtcdQuestion): EtcdAdvice {
  const graph = graphOf(pairs);
  const best = new BestSets(choices);
  for (const seed of graph.keys()) {
    const grown = growFrom(graph, seed, members);
    if (grown) best.offer(grown);
  }
  const exact = search(graph, members, best, steps);
  return { sets: best.list().map((set) => described(graph, set)), exact };
}

type Graph = ReadonlyMap<string, ReadonlyMap<string, number>>;

interface Candidate {
  /** In the order they were added. */
  members: readonly string[];
  worst: number;
  sum: number;
}

function graphOf(pairs: Iterable<MeasuredPair>): Graph {
  const graph = new Map<string, Map<string, number>>();
  const link = (from: string, to: string, rtt: number) => {
    const links = graph.get(from) ?? new Map<string, number>();
    graph.set(from, links.set(to, rtt));
  };
  for (const { a, b, rtt } of pairs) {
    if (a === b) continue;
    link(a, b, rtt);
    link(b, a, rtt);
  }
  return graph;
}

/** The set with one more member; undefined where a pair was not measured. */
function withMember(graph: Graph, { members, worst, sum }: Candidate, added: string): Candidate | undefined {
  const links = graph.get(added);
  let [farthest, total] = [worst, sum];
  for (const member of members) {
    const rtt = links?.get(member);
    if (rtt === undefined) return undefined;
    farthest = Math.max(farthest, rtt);
    total += rtt;
  }
  return { members: [...members, added], worst: farthest, sum: total };
}

const NONE: Candidate = { members: [], worst: 0, sum: 0 };

/** Adds whoever makes the set least worse, again and again. */
function growFrom(graph: Graph, seed: string, size: number): Candidate | undefined {
  let set: Candidate = { ...NONE, members: [seed] };
  while (set.members.length < size) {
    let next: Candidate | undefined;
    for (const other of graph.get(seed)?.keys() ?? []) {
      if (set.members.includes(other)) continue;
      const grown = withMember(graph, set, other);
      if (grown && (!next || compare(grown, next) < 0)) next = grown;
    }
    if (!next) return undefined;
    set = next;
  }
  return set;
}

/** @returns whether all sets that could be among the best were seen */
function search(graph: Graph, size: number, best: BestSets, steps: number): boolean {
  const order = byNearest(graph, size);
  let left = steps;
  const extend = (set: Candidate, from: number): boolean => {
    if (set.members.length === size) return best.offer(set);
    for (let at = from; at <= order.length - (size - set.members.length); at++) {
      const [node, atLeast] = order[at] as [string, number];
      // Those that follow are no better.
      if (best.excludes(Math.max(set.worst, atLeast), set.sum)) return true;
      if (left-- <= 0) return false;
      const grown = withMember(graph, set, node);
      if (grown && !best.excludes(grown.worst, grown.sum) && !extend(grown, at + 1)) return false;
    }
    return true;
  };
  return extend(NONE, 0);
}

/** Nodes with the time that a set with each has at least: to the last of its `size - 1` nearest. The nearest first. */
function byNearest(graph: Graph, size: number): [string, number][] {
  const nodes = [...graph].flatMap(([node, links]): [string, number][] => {
    if (size === 1) return [[node, 0]];
    const last = [...links.values()].sort((a, b) => a - b)[size - 2];
    return last === undefined ? [] : [[node, last]];
  });
  return nodes.sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
}

/** The best sets so far, each once. */
class BestSets {
  readonly #sets: Candidate[] = [];

  constructor(private readonly most: number) {}

  /** @returns true, so that a search goes on */
  offer({ members, worst, sum }: Candidate): true {
    const set = { members: [...members].sort(), worst, sum };
    const isKnown = this.#sets.some((known) => known.members.every((member, index) => member === set.members[index]));
    if (isKnown) return true;
    this.#sets.push(set);
    this.#sets.sort(compare);
    this.#sets.splice(this.most);
    return true;
  }

  /** No set that is at least so far apart is among the best. */
  excludes(worst: number, sum: number): boolean {
    const last = this.#sets.length < this.most ? undefined : this.#sets.at(-1);
    return last !== undefined && (worst > last.worst || (worst === last.worst && sum > last.sum));
  }

  list(): readonly Candidate[] {
    return this.#sets;
  }
}

function compare(a: Candidate, b: Candidate): number {
  return a.worst - b.worst || a.sum - b.sum || (a.members.join(' ') < b.members.join(' ') ? -1 : 1);
}

function described(graph: Graph, { members, worst }: Candidate): EtcdSet {
  const pairs = members.flatMap((a) => members.filter((b) => a < b).map((b) => ({ a, b, rtt: graph.get(a)?.get(b) })));
  const farthest = pairs.find(({ rtt }) => rtt === worst);
  return {
    members: [...members],
    worst: farthest ? { ...farthest, rtt: worst } : null,
    limits: etcdLimits(worst),
  };
}
