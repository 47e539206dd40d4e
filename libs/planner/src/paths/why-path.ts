import type { NodeState, PathState } from '#topology/network-state.js';
import { pathBetween } from '#topology/relay-fold.js';
import type { LiveState } from '../members.js';
import type { PairPath } from './choose-path.js';
import { sharedPort } from './shared-port.js';
import { standingOf, type Standing } from './standing.js';
import { possibleWays } from './trials.js';

export interface PathReason {
  /** For people. */
  why: string;
  /** When the newest of the facts was recorded that the path follows from, ISO 8601 UTC. */
  since: string;
}

/** Why two nodes have the path that they have, from facts alone. */
export function whyPath(state: LiveState, [a, b]: readonly [NodeState, NodeState], path: PairPath): PathReason {
  const known = pathBetween(state, a.nodeId, b.nodeId);
  const since = [
    a.enrolledAt,
    b.enrolledAt,
    ...[a, b].flatMap(({ nodeId }) => [
      state.reachability.get(nodeId)?.at ?? '',
      path.kind === 'relayed' ? (state.assignments.get(nodeId)?.since ?? '') : '',
    ]),
  ];
  if (known?.phase === 'proven')
    return { why: `${WAYS[known.over]}, proven by handshakes of both`, since: known.since };
  return { why: whyFacts(state, [a, b], path, known), since: [...since, known?.since ?? ''].sort().at(-1)! };
}

const WAYS = {
  lan: 'at addresses of one LAN',
  public: 'at a public address',
  punched: 'through NAT on both sides',
} as const;

function whyFacts(
  state: LiveState,
  [a, b]: readonly [NodeState, NodeState],
  path: PairPath,
  known: PathState | undefined,
): string {
  const [ofA, ofB] = [standingOf(state, a), standingOf(state, b)];
  switch (path.kind) {
    case 'lan':
      return `both are at site ${a.site}`;
    case 'public': {
      const open = [ofA.kind === 'open' ? a.name : '', ofB.kind === 'open' ? b.name : ''].filter((name) => name !== '');
      return `anybody can call ${open.join(' and ')}`;
    }
    case 'punched':
      return WAYS.punched;
    case 'relayed':
      return [known ? whyNotDirect(known) : whyNeverDirect(state, [a, b]), ...whoSharesPorts(state, [a, b])].join('; ');
    case 'none': {
      const lost = [whyLost(a, ofA), whyLost(b, ofB)].filter((text) => text !== undefined);
      return [...lost, ...(known ? [whyNotDirect(known)] : [])].join('; ') || 'the relay of neither reaches the other';
    }
    default:
      return path satisfies never;
  }
}

function whyNotDirect({ phase, over, reason, failures, retryAt }: PathState): string {
  if (phase === 'trying') return `a direct path ${WAYS[over]} is on trial`;
  const times = failures === 1 ? 'once' : `${failures} times in a row`;
  return `no direct path ${WAYS[over]} (${reason ?? 'it failed'}, ${times}); no new trial before ${retryAt} unless something changes`;
}

function whyNeverDirect(state: LiveState, [a, b]: readonly [NodeState, NodeState]): string {
  if (possibleWays(state, a, b).length > 0) return 'nobody can call either; a direct path is tried when they talk';
  const places = [a, b].map(
    ({ name, nodeId }) => `${name} (${state.reachability.get(nodeId)?.nat ?? 'nothing known'})`,
  );
  return `nobody can call either, and no trial would help: ${places.join(', ')}`;
}

/** What an operator can do about a node whose port depends on who asks. */
const whoSharesPorts = (state: LiveState, pair: readonly [NodeState, NodeState]): string[] =>
  pair.flatMap((node) => {
    const shared = sharedPort(state, node);
    return shared
      ? [
          `${node.name} and ${shared.other.name} listen on UDP port ${shared.port} behind ${shared.address}: give one of them another --listen-port`,
        ]
      : [];
  });

/** What keeps a node from being reached at all. */
function whyLost({ name, enabled }: NodeState, { kind }: Standing): string | undefined {
  if (!enabled) return `${name} is disabled`;
  if (kind === 'blocked') return `${name} can use no UDP`;
  return kind === 'lone' ? `nobody can call ${name}, and it has no relay` : undefined;
}
